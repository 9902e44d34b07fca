"""Access tokens of other issuers at the API: the person, with what the issuer's scopes stand for."""

from typing import Any

import pytest

from accounts.models import User
from audit.models import Entry
from providers.models import UpstreamIssuer
from sandbox.server import Sandbox
from tests.providers.upstream_tokens.conftest import ada, issuer
from tests.support.api import ask, bearer, key
from tests.support.services import READ, key_of_person
from tests.support.upstream_tokens import access_token

__all__ = ["ada", "issuer"]
pytestmark = pytest.mark.django_db
ME = "/api/v1/me"


def test_a_token_of_a_configured_issuer_is_its_person(providers: Sandbox, issuer: UpstreamIssuer, ada: User) -> None:
    found = ask(ME, bearer(access_token(providers))).json()

    assert (found["kind"], found["id"], found["scopes"]) == ("person", str(ada.pk), [READ])


@pytest.mark.promise(68)
@pytest.mark.parametrize("wrong", [{"aud": "https://elsewhere.example"}, {"exp": 1}, {"sub": "sub-of-nobody"}])
def test_a_token_that_does_not_count_is_refused(
    providers: Sandbox, issuer: UpstreamIssuer, ada: User, wrong: dict[str, Any]
) -> None:
    answer = ask(ME, bearer(access_token(providers, **wrong)))

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid_credential")
    assert Entry.objects.filter(action="credential.refused").exists()


def test_a_token_of_an_issuer_that_is_not_configured_is_refused(providers: Sandbox, ada: User) -> None:
    assert ask(ME, bearer(access_token(providers))).status_code == 401


def test_an_issuer_that_does_not_answer_is_an_outage(providers: Sandbox, issuer: UpstreamIssuer, ada: User) -> None:
    providers.set_fault("keycloak", "jwks_500")
    answer = ask(ME, bearer(access_token(providers)))

    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


@pytest.mark.promise(72)
def test_it_must_agree_with_another_credential(providers: Sandbox, issuer: UpstreamIssuer, ada: User) -> None:
    right = bearer(access_token(providers))

    assert ask(ME, right | key(key_of_person(ada, "profile").text)).status_code == 401, "a key that works in no tenant"
