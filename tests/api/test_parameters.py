"""Query parameters that an operation does not document are refused."""

from typing import Any

import pytest

from accounts.models import User
from authserver.scopes import ACCOUNT_READ, MEMBERS_READ
from tests.support.api import ask, session_of, token_of
from tests.support.services import clerk
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db


@pytest.fixture
def ada(town: Town) -> User:
    return clerk(town.a.tenant, MEMBERS_READ, name="Ada")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("?limt=5", "query.limt"),
        ("?limit=5&limit=6", "query.limit"),
        ("?limit=5&a%22b=", 'query.a"b'),
        ("?=", "query."),
    ],
)
def test_an_unknown_or_repeated_parameter_is_refused(town: Town, query: str, field: str) -> None:
    path = f"/api/v1/tenants/{town.a.tenant.pk}/members"
    owner = session_of(town.a.owner)
    answer = ask(path + query, browser=owner)

    assert ask(f"{path}?limit=5", browser=owner).status_code == 200
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
    assert [one["field"] for one in answer.json()["errors"]] == [field]


def test_a_credential_or_a_scope_that_is_missing_comes_first(ada: User) -> None:
    path = "/api/v1/me/keys?page=2"

    def status(*credential: Any) -> int:
        found: int = ask(path, *credential).status_code
        return found

    assert (status(), status(token_of(ada)), status(token_of(ada, ACCOUNT_READ))) == (401, 403, 422)
