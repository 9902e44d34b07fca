"""The trail of an organization through the API: its own entries only, page by page, with the filters of the admin."""

from typing import Any

import pytest
from django.utils import timezone

from accounts.models import Membership, User
from audit.models import Entry
from authserver.scopes import AUDIT_READ
from tenancy import site_context
from tests.support.api import ask, session_of, token_of
from tests.support.services import clerk
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db


def trail(town: Town, query: str = "", *, person: User | None = None, side: str = "a") -> Any:
    address = f"/api/v1/tenants/{getattr(town, side).tenant.pk}/audit?{query}"
    return ask(address, browser=session_of(person or town.a.owner))


def walked(town: Town, query: str = "", limit: int = 3) -> list[Any]:
    """Return the entries of all pages."""
    found: list[Any] = []
    after = ""
    for _ in range(200):
        page = trail(town, f"{query}&limit={limit}&after={after}").json()
        assert len(page["items"]) <= limit
        found += page["items"]
        after = page["next"]
        if not after:
            return found
    raise AssertionError("the pages have no end")


@pytest.mark.promise(46)
@pytest.mark.parametrize("limit", [3, 200])
def test_every_entry_of_the_tenant_is_read_once_and_no_other(town: Town, limit: int) -> None:
    session_of(town.a.owner)  # its entries are the last ones of the tenant
    expected = Entry.objects.filter(tenant_id=str(town.a.tenant.pk)).order_by("-id")
    ids = set(expected.values_list("id", flat=True))
    found = walked(town, f"until={timezone.now():%Y-%m-%d}", limit)

    assert [one["id"] for one in found] == sorted({one["id"] for one in found}, reverse=True)
    assert ids <= {one["id"] for one in found}
    assert {one["tenant"] for one in found} == {str(town.a.tenant.pk)}


def test_personal_values_and_secrets_are_not_there(town: Town) -> None:
    clerk(town.a.tenant, name="Vera")
    answer = trail(town, "limit=200")

    assert "vera@example.com" not in answer.content.decode()
    assert answer.json()["items"][0].keys() == {
        "id", "at", "type", "source", "action", "actor", "behind", "object", "person", "tenant", "request", "batch",
        "reason", "before", "after", "details",
    }  # fmt: skip


def test_filters_are_those_of_the_admin(town: Town) -> None:
    with site_context("a test looks"):
        membership = Membership.objects.get(user=town.a.member, tenant=town.a.tenant)
    for query in (
        f"table=accounts_membership&object={membership.pk}",
        f"person={town.a.member.pk}&table=accounts_membership",
        f"q={town.a.member.pk}&table=accounts_membership&action=create&source=signal",
    ):
        [entry] = walked(town, query)
        assert (entry["type"], entry["object"]["id"]) == ("accounts_membership.create", str(membership.pk))
    assert walked(town, "until=2020-01-01") == []
    assert walked(town, f"request={town.a.tenant.pk}") == walked(town, "since=9999-12-30") == []
    assert walked(town, "since=0001-01-02&until=9999-12-30") == walked(town)


@pytest.mark.promise(46)
def test_nobody_else_reads_it(town: Town) -> None:
    here = {"tenant_id": town.a.tenant.pk}
    address = f"/api/v1/tenants/{town.a.tenant.pk}/audit"

    assert trail(town, person=town.a.member).json()["missing"] == [{"permission": "audit.view_entry"}]
    assert trail(town, side="b").json()["missing"] == [{"tenant": str(town.b.tenant.pk)}]
    assert ask(address, token_of(town.a.owner, **here)).json()["missing"] == [{"scope": AUDIT_READ}]
    assert ask(address, token_of(town.a.owner, AUDIT_READ, **here)).status_code == 200
    assert walked(town, f"object={town.b.tenant.pk}&table=accounts_tenant") == []


@pytest.mark.parametrize(
    "query",
    ["since=x", "since=2026-02-30", "since=0001-01-01", "until=9999-12-31",
     "since=2026-02-02&until=2026-02-01", "source=x", "action=nothing", "table=x",
     "request=x", "object=" + "a" * 301, "after=bnVsbA", "limit=0"],
)  # fmt: skip
def test_a_wrong_filter_is_refused(town: Town, query: str) -> None:
    answer = trail(town, query)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), answer.content
    assert answer.json()["errors"][0]["field"].startswith("query.")


@pytest.mark.parametrize("query", ["q=%00", "actor=a%00", "object=%00"])
def test_a_null_character_cannot_be_read(town: Town, query: str) -> None:
    assert trail(town, query).json()["code"] == "malformed"
