"""Organizations through the API: one's own, and what an administrator sees of the active one."""

from typing import Any

import pytest

from accounts.models import Membership, Role, User
from authserver.scopes import ACCOUNT_READ, MEMBERS_READ, SETTINGS_READ
from tenancy import site_context
from tests.support.api import ask, key, session_of, token_of
from tests.support.services import clerk, key_of_service, service
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db
PARTS = {"members": MEMBERS_READ, "roles": MEMBERS_READ, "settings": SETTINGS_READ}


def of(town: Town, part: str, query: str = "", *, side: str = "a") -> str:
    return f"/api/v1/tenants/{getattr(town, side).tenant.pk}/{part}{query}"


def walked(town: Town, part: str, person: User, limit: int) -> list[Any]:
    """Return the elements of all pages."""
    found, after = [], ""
    for _ in range(20):
        page = ask(of(town, part, f"?limit={limit}&after={after}"), browser=session_of(person)).json()
        assert len(page["items"]) <= limit
        found += page["items"]
        after = page["next"]
        if not after:
            return found
    raise AssertionError("the pages have no end")


def test_a_person_sees_their_organizations_and_no_others(town: Town) -> None:
    found = ask("/api/v1/tenants", token_of(town.both, ACCOUNT_READ, tenant_id=town.b.tenant.pk)).json()

    assert [(one["name"], one["role"], one["is_active"]) for one in found] == [
        ("Abbey", "member", False),
        ("Barn", "member", True),
    ]
    assert [one["name"] for one in ask("/api/v1/tenants", browser=session_of(town.a.owner)).json()] == ["Abbey"]


@pytest.mark.promise(73)
@pytest.mark.parametrize("limit", [1, 2, 50])
def test_an_administrator_sees_the_members_of_their_organization_page_by_page(town: Town, limit: int) -> None:
    found = walked(town, "members", town.a.owner, limit)

    assert {one["user_id"] for one in found} == {str(user.pk) for user in (town.a.owner, town.a.member, town.both)}
    assert len(found) == 3
    assert {one["role"] for one in found} == {"owner", "member"}


def test_an_administrator_sees_roles_and_settings(town: Town) -> None:
    roles = walked(town, "roles", town.a.owner, 2)
    settings = ask(of(town, "settings"), browser=session_of(town.a.owner)).json()

    assert {one["name"]: one["is_own"] for one in roles} == {
        "owner": False, "admin": False, "member": False, "Abbey clerk": True,
    }  # fmt: skip
    assert (settings["id"], settings["name"]) == (str(town.a.tenant.pk), "Abbey")


@pytest.mark.promise(73)
@pytest.mark.parametrize("part", PARTS)
def test_nobody_sees_another_organization(town: Town, part: str) -> None:
    header = token_of(town.a.owner, PARTS[part], tenant_id=town.a.tenant.pk)

    assert ask(of(town, part), header).status_code == 200
    answer = ask(of(town, part, side="b"), header)
    assert (answer.status_code, answer.json()["missing"]) == (403, [{"tenant": str(town.b.tenant.pk)}])


@pytest.mark.parametrize("part", PARTS)
def test_a_member_without_the_right_sees_nothing(town: Town, part: str) -> None:
    [lack] = ask(of(town, part), browser=session_of(town.a.member)).json()["missing"]

    assert lack["permission"].startswith("accounts.view_")


@pytest.mark.parametrize("part", PARTS)
def test_a_token_needs_the_scope_too(town: Town, part: str) -> None:
    answer = ask(of(town, part), token_of(town.a.owner, tenant_id=town.a.tenant.pk))

    assert answer.json()["missing"] == [{"scope": PARTS[part]}]


def test_a_service_sees_what_its_owner_may_see(town: Town) -> None:
    looks_after = clerk(town.a.tenant, MEMBERS_READ, name="Clerk")
    job = service(town.a.tenant, looks_after, MEMBERS_READ)
    header = key(key_of_service(job).text)

    assert ask(of(town, "members"), header).json()["missing"] == [{"permission": "accounts.view_membership"}]
    with site_context("a test makes the owner of a service an administrator"):
        admin = Role.objects.get(name="admin")
        admin.scopes = [MEMBERS_READ]
        admin.save(update_fields=["scopes"])
        Membership.objects.filter(user=looks_after).update(role=admin)
    assert len(ask(of(town, "members"), header).json()["items"]) == 4


@pytest.mark.parametrize(
    "query", ["?limit=0", "?limit=201", "?limit=x", "?after=%25", "?after=bnVsbA", "?after=" + "a" * 201]
)
def test_a_wrong_page_is_refused(town: Town, query: str) -> None:
    answer = ask(of(town, "members", query), browser=session_of(town.a.owner))

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")
