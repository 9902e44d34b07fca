"""What administrators change in their organization through the API: members, roles and settings."""

from functools import partial
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client as Browser
from django.utils import timezone

from accounts.models import Invitation, Membership, Role, Session, Tenant, User
from audit.models import Entry
from authserver.scopes import MEMBERS_WRITE, ROLES_WRITE, SETTINGS_WRITE
from tenancy import site_context
from tests.support.api import ask, key, send, session_of, token_of
from tests.support.proven import proven
from tests.support.services import clerk, key_of_person, key_of_service, service
from tests.support.together import together
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db
LOOKS_AFTER = ("view_membership", "change_membership", "delete_membership")


@pytest.fixture
def owner(town: Town) -> Browser:
    return proven(town.a.owner)


@pytest.fixture
def manager(town: Town) -> User:
    """A member who may change memberships, and nothing else."""
    user = clerk(town.a.tenant, MEMBERS_WRITE, name="Manager")
    with site_context("a test gives rights"):
        own = Role.objects.get(name="Manager of Abbey")
        own.permissions.set(Permission.objects.filter(codename__in=LOOKS_AFTER))
    return user


def of(town: Town, part: str, *, side: str = "a") -> str:
    return f"/api/v1/tenants/{getattr(town, side).tenant.pk}/{part}"


def role(name: str) -> Role:
    with site_context("a test looks"):
        return Role.objects.get(name=name)


def role_of(person: User, town: Town) -> str | None:
    with site_context("a test looks"):
        found = Membership.objects.select_related("role").filter(user=person, tenant=town.a.tenant).first()
        return found.role.name if found else None


def refusals() -> list[Any]:
    return list(Entry.objects.filter(action="change.refused").order_by("id").values_list("details__reason", flat=True))


# Members


def test_a_member_gets_another_role_and_their_sessions_end(town: Town, owner: Browser) -> None:
    session_of(town.a.member)
    answer = send(of(town, f"members/{town.a.member.pk}"), {"role_id": role("admin").pk}, browser=owner, method="patch")

    assert (answer.status_code, answer.json()["role"]) == (200, "admin")
    assert role_of(town.a.member, town) == "admin"
    assert not Session.objects.filter(user=town.a.member).exists()
    assert Entry.objects.filter(object_table="accounts_membership", actor_id=str(town.a.owner.pk)).count() == 1


def test_an_own_change_keeps_the_session_that_asks_for_it(town: Town, owner: Browser) -> None:
    session_of(town.a.owner)
    answer = send(of(town, f"members/{town.a.owner.pk}"), {"role_id": role("admin").pk}, browser=owner, method="patch")

    assert answer.status_code == 200
    assert Session.objects.filter(user=town.a.owner).count() == 1
    assert ask("/api/v1/me", browser=owner).status_code == 200


def test_a_member_is_removed(town: Town, owner: Browser) -> None:
    address = of(town, f"members/{town.a.member.pk}")

    assert ask(address, browser=owner, method="delete").status_code == 204
    assert role_of(town.a.member, town) is None
    assert ask(address, browser=owner, method="delete").status_code == 404


def test_an_administrator_may_leave(town: Town, owner: Browser) -> None:
    assert ask(of(town, f"members/{town.a.owner.pk}"), browser=owner, method="delete").status_code == 204
    assert role_of(town.a.owner, town) is None
    assert ask(of(town, "members"), browser=owner).json()["missing"] == [
        {"permission": "accounts.view_membership"}, {"tenant": str(town.a.tenant.pk)},
    ]  # fmt: skip


def test_a_token_of_somebody_who_has_just_signed_in_does_the_same(town: Town) -> None:
    header = token_of(town.a.owner, MEMBERS_WRITE, tenant_id=town.a.tenant.pk, auth_time=timezone.now())
    answer = ask(of(town, f"members/{town.a.member.pk}"), header, method="delete")

    assert (answer.status_code, role_of(town.a.member, town)) == (204, None)
    entry = Entry.objects.get(object_table="accounts_membership", action="delete")
    assert (entry.actor_kind, entry.actor_id, entry.behind_kind) == ("person", str(town.a.owner.pk), "service")


@pytest.mark.promise(47)
def test_nobody_changes_whoever_has_more_or_grants_more_than_they_have(town: Town, manager: User) -> None:
    browser = proven(manager)
    answers = [
        send(of(town, f"members/{town.a.owner.pk}"), {"role_id": role("member").pk}, browser=browser, method="patch"),
        ask(of(town, f"members/{town.a.owner.pk}"), browser=browser, method="delete"),
        send(of(town, f"members/{town.a.member.pk}"), {"role_id": role("owner").pk}, browser=browser, method="patch"),
        send(of(town, f"members/{manager.pk}"), {"role_id": role("owner").pk}, browser=browser, method="patch"),
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "forbidden")] * 4
    assert refusals() == ["person_above", "person_above", "role_above", "role_above"]
    assert (role_of(town.a.owner, town), role_of(town.a.member, town)) == ("owner", "member")
    assert {entry.actor_id for entry in Entry.objects.filter(action="change.refused")} == {str(manager.pk)}


@pytest.mark.promise(46)
def test_members_and_roles_of_another_tenant_are_not_there(town: Town, owner: Browser) -> None:
    stranger, foreign = of(town, f"members/{town.b.member.pk}"), role("Barn clerk").pk

    assert ask(stranger, browser=owner, method="delete").status_code == 404
    assert send(stranger, {"role_id": role("member").pk}, browser=owner, method="patch").status_code == 404
    answer = send(of(town, f"members/{town.a.member.pk}"), {"role_id": foreign}, browser=owner, method="patch")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.role_id")
    assert ask(of(town, f"roles/{foreign}"), browser=owner, method="delete").status_code == 404
    assert send(of(town, f"roles/{foreign}"), {"name": "Mine"}, browser=owner, method="patch").status_code == 404
    assert role("Barn clerk").tenant_id == town.b.tenant.pk


# Who may

CHANGES: list[tuple[str, str, Any, str]] = [
    ("patch", "members/{member}", {"role_id": 1}, MEMBERS_WRITE),
    ("delete", "members/{member}", None, MEMBERS_WRITE),
    ("post", "roles", {"name": "New"}, ROLES_WRITE),
    ("patch", "roles/{role}", {"name": "New"}, ROLES_WRITE),
    ("delete", "roles/{role}", None, ROLES_WRITE),
    ("patch", "settings", {"name": "New"}, SETTINGS_WRITE),
]


@pytest.mark.parametrize(("method", "part", "body", "scope"), CHANGES)
def test_a_change_needs_right_scope_tenant_and_a_fresh_sign_in(
    town: Town, method: str, part: str, body: Any, scope: str
) -> None:
    def lacking(browser: Browser | None = None, headers: Any = None, side: str = "a") -> set[str]:
        address = of(town, part.format(member=town.a.member.pk, role=town.a.role.pk), side=side)
        answer = send(address, body, headers, browser=browser, method=method)
        assert answer.status_code in {401, 403}, answer.content
        return {name for lack in answer.json()["missing"] for name in lack}

    here = {"tenant_id": town.a.tenant.pk}
    now = {**here, "auth_time": timezone.now()}
    before = Entry.objects.exclude(action="access.refused").count

    assert lacking(session_of(town.a.owner)) == {"fresh"}
    assert lacking(proven(town.a.member)) == {"permission"}
    assert lacking(headers=token_of(town.a.owner, **now)) == {"scope"}
    assert lacking(headers=token_of(town.a.owner, scope, **now), side="b") == {"tenant"}
    assert lacking(headers=key(key_of_person(clerk(town.a.tenant, scope), scope, **here).text)) == {
        "permission",
        "fresh",
    }
    of_service = key(key_of_service(service(town.a.tenant, clerk(town.a.tenant, scope, name="Dee"), scope)).text)
    written = before()
    assert lacking(headers=of_service) == {"permission", "fresh"}
    assert before() == written


# Roles


def test_a_role_is_created_changed_and_deleted(town: Town, owner: Browser) -> None:
    wanted = {"name": " Librarian ", "description": "Books.", "permissions": ["accounts.view_membership"]}
    made = send(of(town, "roles"), wanted, browser=owner)
    assert made.status_code == 201
    assert made.json() == {
        "id": role("Librarian").pk, "name": "Librarian", "description": "Books.", "scopes": [], "is_own": True,
        "permissions": ["accounts.view_membership"],
    }  # fmt: skip

    address = of(town, f"roles/{made.json()['id']}")
    changed = send(address, {"permissions": ["accounts.view_user"]}, browser=owner, method="patch").json()
    assert changed == made.json() | {"permissions": ["accounts.view_user"]}
    renamed = send(address, {"name": "Reader"}, browser=owner, method="patch").json()
    assert renamed == changed | {"name": "Reader"}
    assert ask(address, browser=owner, method="delete").status_code == 204
    assert ask(address, browser=owner, method="delete").status_code == 404


@pytest.mark.promise(47)
def test_no_role_has_more_than_whoever_defines_it(town: Town, owner: Browser) -> None:
    above: list[dict[str, Any]] = [{"permissions": ["accounts.delete_tenant"]}, {"scopes": ["books:write"]}]
    for wanted in above:
        assert send(of(town, "roles"), {"name": "Big", **wanted}, browser=owner).status_code == 403
        answer = send(of(town, f"roles/{town.a.role.pk}"), wanted, browser=owner, method="patch")
        assert (answer.status_code, answer.json()["missing"]) == (403, [{"reach": True}])
    with site_context("a test makes a role that is above"):
        town.a.role.permissions.set(Permission.objects.filter(codename="delete_tenant"))
    assert send(of(town, f"roles/{town.a.role.pk}"), {"name": "Less"}, browser=owner, method="patch").status_code == 403
    assert ask(of(town, f"roles/{town.a.role.pk}"), browser=owner, method="delete").status_code == 403
    assert refusals() == ["role_would_be_above"] * 4 + ["role_above"] * 2
    assert not Role.objects.filter(name="Big").exists()


def test_global_roles_are_not_changed_here(town: Town, owner: Browser) -> None:
    for name in ("owner", "member"):
        address = of(town, f"roles/{role(name).pk}")
        assert send(address, {"name": "Mine"}, browser=owner, method="patch").status_code == 404
        assert ask(address, browser=owner, method="delete").status_code == 404


def test_a_role_that_is_in_use_stays(town: Town, owner: Browser) -> None:
    with site_context("a test gives a role"):
        Membership.objects.filter(user=town.a.member, tenant=town.a.tenant).update(role=town.a.role)
    answer = ask(of(town, f"roles/{town.a.role.pk}"), browser=owner, method="delete")

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_who_may_not_delete_invitations_does_not_delete_their_role(town: Town, owner: Browser) -> None:
    with site_context("a test invites, and takes a right"):
        Invitation.objects.create(
            tenant=town.a.tenant, role=town.a.role, email="x@example.com", digest="d", expires_at="2030-01-01T00:00Z"
        )
        role("owner").permissions.remove(Permission.objects.get(codename="delete_invitation"))
    answer = ask(of(town, f"roles/{town.a.role.pk}"), browser=owner, method="delete")

    assert answer.json()["missing"] == [{"permission": "accounts.delete_invitation"}]


def test_a_name_is_given_once(town: Town, owner: Browser) -> None:
    answer = send(of(town, "roles"), {"name": "Abbey clerk"}, browser=owner)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


@pytest.mark.django_db(transaction=True)
def test_of_two_roles_of_one_name_one_is_created(town: Town) -> None:
    browsers = [proven(town.a.owner) for _ in range(2)]
    answers = together(*(partial(send, of(town, "roles"), {"name": "Twin"}, browser=browser) for browser in browsers))

    assert sorted(answer.status_code for answer in answers) in ([201, 409], [201, 422])


def test_a_creation_is_repeated_by_its_key(town: Town, owner: Browser) -> None:
    first, second = (
        send(of(town, "roles"), {"name": "Once"}, {"Idempotency-Key": "once"}, browser=owner) for _ in range(2)
    )

    assert (first.status_code, first.content) == (201, second.content)


# Settings


def test_settings_are_changed_and_the_others_stay(town: Town, owner: Browser) -> None:
    before = ask(of(town, "settings"), browser=owner).json()
    answer = send(
        of(town, "settings"), {"name": " Abbey of Old ", "session_idle_minutes": 30}, browser=owner, method="patch"
    )
    assert answer.json() == before | {"name": "Abbey of Old", "session_idle_minutes": 30}
    again = send(of(town, "settings"), {"session_idle_minutes": None}, browser=owner, method="patch")
    assert again.json() == before | {"name": "Abbey of Old"}
    assert ask(of(town, "settings"), browser=owner).json() == again.json()
    assert Entry.objects.filter(object_table="accounts_tenant", action="update").count() == 2


def test_what_changes_nothing_writes_nothing(town: Town, owner: Browser) -> None:
    for body in ({}, {"name": "Abbey"}):
        assert send(of(town, "settings"), body, browser=owner, method="patch").status_code == 200
    assert not Entry.objects.filter(object_table="accounts_tenant", action="update").exists()


# Bad input

BAD: list[tuple[str, str, Any]] = [
    ("patch", "settings", {"name": ""}),
    ("patch", "settings", {"name": "  "}),
    ("patch", "settings", {"name": "x" * 151}),
    ("patch", "settings", {"name": None}),
    ("patch", "settings", {"name": "\ud800"}),
    ("patch", "settings", {"slug": "mine"}),
    ("patch", "settings", {"session_idle_minutes": 4}),
    ("patch", "settings", {"session_idle_minutes": 10**30}),
    ("patch", "settings", {"session_idle_minutes": "30"}),
    ("patch", "settings", {"session_idle_minutes": True}),
    ("patch", "settings", {"session_idle_minutes": 1.5}),
    ("patch", "settings", []),
    ("patch", "settings", None),
    ("patch", "members/{member}", {}),
    ("patch", "members/{member}", {"role_id": 10**30}),
    ("patch", "members/{member}", {"role_id": -1}),
    ("patch", "members/{member}", {"role_id": True}),
    ("patch", "members/{member}", {"role_id": "1"}),
    ("patch", "members/{member}", {"role_id": 2**62}),
    ("post", "roles", {}),
    ("post", "roles", {"name": " "}),
    ("post", "roles", {"name": "a", "permissions": ["nothing"]}),
    ("post", "roles", {"name": "a", "permissions": ["accounts.nothing"]}),
    ("post", "roles", {"name": "a", "permissions": "accounts.view_user"}),
    ("post", "roles", {"name": "a", "scopes": ["two words"]}),
    ("post", "roles", {"name": "a", "scopes": [["a"]]}),
    ("post", "roles", {"name": "a", "scopes": ["a"] * 201}),
    ("post", "roles", {"name": "a", "tenant": "b"}),
    ("patch", "roles/{role}", {"name": None}),
    ("patch", "roles/99999999999999999999", {"name": "a"}),
    ("patch", "roles/-1", {"name": "a"}),
]


@pytest.mark.parametrize(("method", "part", "body"), BAD)
def test_bad_input_is_a_problem_document_and_writes_nothing(
    town: Town, owner: Browser, method: str, part: str, body: Any
) -> None:
    before = Entry.objects.count()
    address = of(town, part.format(member=town.a.member.pk, role=town.a.role.pk))
    answer = send(address, body, browser=owner, method=method)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request"), answer.content
    assert answer.json()["errors"]
    assert Entry.objects.count() == before
    with site_context("a test looks"):
        assert Tenant.objects.get(pk=town.a.tenant.pk).name == "Abbey"


@pytest.mark.parametrize("text", ["{", "", '{"name": NaN}', "\xff", "[" * 100_000])
def test_what_is_no_json_cannot_be_read(town: Town, owner: Browser, text: str) -> None:
    answer = owner.patch(of(town, "settings"), text.encode("latin-1"), content_type="application/json")

    assert answer.status_code in {400, 422}, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
