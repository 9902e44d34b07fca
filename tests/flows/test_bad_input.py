"""What cannot be done gets a clear message, and an entry in the trail where it matters, and changes no row."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.utils import timezone

from accounts.models import ClaimRule, Invitation, Membership, Role, User
from accounts.organizations.invitations import Link, invite
from audit.models import Entry
from tenancy import site_context
from tests.flows.conftest import Browser
from tests.support.invited import link_of
from tests.support.post import words_of
from tests.support.proven import proven
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db

ADA = "ada@example.com"
TABLES = ("user", "tenant", "role", "role_permissions", "membership", "invitation", "claimrule", "identity")


def rows() -> list[str]:
    """Return all stored rows except sessions and the trail."""
    with site_context("a test takes stock"), connection.cursor() as cursor:
        tables = (f"SELECT to_jsonb(t)::text FROM accounts_{name} t" for name in TABLES)  # noqa: S608  # our own
        cursor.execute(" UNION ALL ".join(tables))
        return sorted(row for (row,) in cursor.fetchall())


def latest() -> int:
    return Entry.objects.latest("id").pk


def words(answer: Any) -> str:
    return " ".join(words_of(answer.content.decode()))


@pytest.fixture
def sent(town: Town) -> Invitation:
    return invite(town.a.tenant, Role.objects.get(name="member"), ADA, town.a.owner)


def expired(browser: Browser, sent: Invitation) -> str:
    browser.sign_in("google", "ada")
    with site_context("a test lets time pass"):
        Invitation.objects.filter(pk=sent.pk).update(expires_at=timezone.now())
    return link_of(sent).path


def foreign(browser: Browser, sent: Invitation) -> str:
    browser.sign_in("google", "grace")
    return link_of(sent).path


def reused(browser: Browser, sent: Invitation) -> str:
    link = link_of(sent).path
    first = Browser(browser.providers)
    first.sign_in("google", "ada")
    assert first.post(link).status_code == 302
    browser.sign_in("google", "grace")
    return link


def of_an_unknown_tenant(browser: Browser, sent: Invitation) -> str:
    browser.sign_in("google", "ada")
    return Link(tenant_id=uuid4(), secret=link_of(sent).secret).path


@pytest.mark.promise(29)
@pytest.mark.parametrize(
    ("what", "told"),
    [
        (expired, (410, "This invitation has expired", "expired")),
        (foreign, (403, "This invitation is for another address", "foreign_email")),
        (reused, (410, "This invitation was used already", "used")),
        (of_an_unknown_tenant, (404, "We do not know this invitation", "unknown")),
    ],
)
def test_an_invalid_invitation(
    browser: Browser,
    town: Town,
    sent: Invitation,
    what: Callable[[Browser, Invitation], str],
    told: tuple[int, str, str],
) -> None:
    status, heading, reason = told
    link = what(browser, sent)
    account, before, last = browser.account, rows(), latest()
    answer = browser.post(link)

    assert (answer.status_code, heading in words(answer)) == (status, True)
    assert "Nothing was changed." in words(answer)
    assert rows() == before
    entry = Entry.objects.filter(pk__gt=last).get()
    where = None if reason == "unknown" else str(town.a.tenant.pk)
    assert (entry.action, entry.person, entry.tenant_id) == ("invitation.refused", account, where)
    assert entry.details
    assert entry.details["reason"] == reason
    assert entry.details["reference"] in words(answer)


@pytest.mark.promise(30)
def test_a_rule_with_a_broken_claim_path(town: Town) -> None:
    root = proven(User.objects.create_superuser(username="root"))
    before, last = rows(), latest()
    filled_in = {
        "provider": "google", "claim": "realm_access..roles", "value": "staff", "tenant": str(town.a.tenant.pk),
        "role": Role.objects.get(name="member").pk, "position": 0, "is_active": "on", "_confirmed": "yes",
    }  # fmt: skip
    answer = root.post("/admin/accounts/claimrule/add/", filled_in)

    assert "A name is missing" in words(answer)
    assert (rows(), latest()) == (before, last)
    with site_context("a test looks"):
        assert not ClaimRule.objects.exists()


@pytest.mark.promise(47)
def test_a_role_with_more_than_its_grantor_has(town: Town) -> None:
    with site_context("a test appoints an administrator, who is beneath the owner"):
        Membership.objects.filter(user=town.a.member).update(role=Role.objects.get(name="admin"))
        target = Membership.objects.get(user=town.both, tenant=town.a.tenant)
        above = Role.objects.get(name="owner").pk
    administrator = proven(town.a.member)
    before = rows()
    for path, posted, because in (
        (f"membership/{target.pk}/change/", {"role": above}, ("change.refused", "role_above")),
        ("invitation/add/", {"role": above, "email": ADA}, ("invitation.refused", "role_above_inviter")),
    ):
        last = latest()
        answer = administrator.post(f"/admin/accounts/{path}", posted)
        assert "above what you may do yourself" in words(answer)
        assert rows() == before
        entry = Entry.objects.filter(pk__gt=last).get()
        assert (entry.action, (entry.details or {})["reason"]) == because
        assert (entry.tenant_id, entry.actor_id) == (str(town.a.tenant.pk), str(town.a.member.pk))


def test_an_unknown_tenant(town: Town) -> None:
    """In the shell, in a form, in a bulk action; by id and by name."""
    root = proven(User.objects.create_superuser(username="root"))
    nobodys, member = str(uuid4()), Role.objects.get(name="member").pk
    before, last = rows(), latest()
    for name in (nobodys, "nowhere"):
        told = {"--tenant": name, "--user": str(town.both.pk), "--role": "member"}
        with pytest.raises(CommandError, match=f"no tenant with the id or short name '{name}'"):
            call_command("add_member", *[word for pair in told.items() for word in pair])
    added = root.post("/admin/accounts/membership/add/", {"user": str(town.both.pk), "tenant": nobodys, "role": member})
    assert "Select a valid choice" in words(added)
    chosen = {"action": "add_to_tenant", "_selected_action": [str(town.both.pk)], "index": "0"}
    page = root.post("/admin/accounts/user/", chosen).headers["Location"]
    assert "There is no such tenant." in words(root.post(page, {"do": "complete", "tenant": "nowhere"}))

    assert (rows(), latest()) == (before, last)
