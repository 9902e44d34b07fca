"""A lost second factor: an administrator removes all factors, with a reason, and the person enrols new ones."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.mailing.notice_texts import NOTICE_TEXTS, Notice
from accounts.models import Membership, Role, User
from accounts.sign_in.factors import factor_reset, totp
from audit.models import Entry
from tenancy import site_context
from tests.flows.conftest import Browser
from tests.flows.factors import NEEDED, add_app, details
from tests.support.administrator import administrator, root
from tests.support.notices import subjects
from tests.support.page_messages import messages_of
from tests.support.proven import proven
from tests.support.together import together
from tests.tenancy.conftest import Town

__all__ = ["administrator", "root"]
pytestmark = pytest.mark.django_db


def page(person: User) -> str:
    return f"/admin/accounts/user/{person.pk}/reset-factors/"


def change_page(person: User) -> str:
    return f"/admin/accounts/user/{person.pk}/change/"


def with_app(person: User) -> User:
    totp.add(person, totp.new_secret(), 0)
    return person


@pytest.fixture
def ada(browser: Browser) -> User:
    browser.sign_in("google", "ada")
    add_app(browser)
    return User.objects.get(email="ada@example.com")


def test_the_page_of_a_person_lists_them_and_links_to_the_act(ada: User, administrator: Client) -> None:
    """The kind of fault: only a shell can show and fix something (ux A4)."""
    shown = administrator.get(change_page(ada)).content.decode()
    panel = shown.partition('id="factors"')[2].partition("</section>")[0]

    assert "Second factors" in panel
    assert "Authenticator app" in panel
    assert "Recovery codes" in panel
    assert "never" in panel
    assert page(ada) in panel
    assert "Remove all" in panel


def test_a_person_without_any_has_an_empty_panel(administrator: Client, browser: Browser) -> None:
    browser.sign_in("google", "ada")
    person = User.objects.get(email="ada@example.com")
    panel = administrator.get(change_page(person)).content.decode().partition('id="factors"')[2]

    assert "None." in panel.partition("</section>")[0]
    assert page(person) not in panel
    assert b"has no second factors" in administrator.get(page(person)).content


def test_all_are_removed_with_a_reason_and_everything_is_recorded(
    ada: User, administrator: Client, root: User, browser: Browser, new_browser: Callable[[], Browser]
) -> None:
    waiting = new_browser()
    waiting.sign_in("google", "ada")
    before = User.objects.get(pk=ada.pk).sign_in_epoch
    assert b"Authenticator app" in administrator.get(page(ada)).content

    answer = administrator.post(page(ada), {"reason": "lost telephone"})

    assert answer.headers["Location"] == f"{change_page(ada)}#factors"
    assert not Authenticator.objects.filter(user=ada).exists()
    assert browser.account is None, "every session ends"
    ended = waiting.get("/accounts/second-factor/verify/")
    assert ended.headers["Location"] == "/accounts/login/"
    assert "your account was locked" in messages_of(ended)[-1]
    assert before
    moved = User.objects.get(pk=ada.pk).sign_in_epoch
    assert moved
    assert moved > before
    entry = Entry.objects.get(action="factor.reset")
    assert (entry.person, entry.reason, entry.actor_id) == (str(ada.pk), "lost telephone", str(root.pk))
    assert sorted((entry.details or {})["kinds"]) == ["recovery_codes", "totp"]
    assert str(NOTICE_TEXTS[Notice.FACTORS_RESET].subject) in subjects("ada@example.com")
    assert new_browser().sign_in("google", "ada").headers["Location"] == "/accounts/"


def test_a_person_who_needs_one_adds_a_new_one_at_the_next_sign_in(
    ada: User, administrator: Client, new_browser: Callable[[], Browser]
) -> None:
    User.objects.filter(pk=ada.pk).update(second_factor_required=True)
    administrator.post(page(ada), {"reason": "lost"})
    again = new_browser()

    assert again.sign_in("google", "ada").headers["Location"] == NEEDED


@pytest.mark.parametrize("reason", ["", "   ", "x" * 501])
def test_without_a_reason_nothing_is_removed(ada: User, administrator: Client, reason: str) -> None:
    assert b"Say why" in administrator.post(page(ada), {"reason": reason}).content
    assert Authenticator.objects.filter(user=ada).count() == 2


def test_resetting_requires_reauthentication(ada: User, administrator: Client, time_machine: Any) -> None:
    time_machine.move_to(datetime.now(UTC) + timedelta(minutes=11))

    for answer in (administrator.get(page(ada)), administrator.post(page(ada), {"reason": "lost"})):
        assert answer.headers["Location"].startswith("/accounts/reauthenticate/?next=%2Fadmin")
    assert Authenticator.objects.filter(user=ada).count() == 2


def test_nobody_can_reset_their_own_there(administrator: Client, root: User) -> None:
    """Their own page requires the factor itself."""
    with_app(root)
    signed_in = proven(root)
    session = signed_in.session
    session.save()

    answer = signed_in.post(page(root), {"reason": "lost"})
    assert answer.status_code == 302
    assert Authenticator.objects.filter(user=root).exists()


def administrator_of(tenant: Any, role: str) -> Client:
    """Return the browser of an administrator of one tenant who may change accounts there."""
    with site_context("a test makes an administrator"):
        person = User.objects.create_user(name="Olga", username="olga", is_staff=True)
        given = Role.objects.get(tenant=None, name=role)
        Membership.objects.create(user=person, tenant=tenant, role=given)
    from django.contrib.auth.models import Permission  # noqa: PLC0415

    wanted = {"view_user", "change_user"}
    person.user_permissions.set(Permission.objects.filter(content_type__app_label="accounts", codename__in=wanted))
    return proven(person)


def member(tenant: Any, role: str = "member", **fields: Any) -> User:
    with site_context("a test makes a member"):
        person = User.objects.create_user(name="Mia", **fields)
        Membership.objects.create(user=person, tenant=tenant, role=Role.objects.get(tenant=None, name=role))
    return with_app(person)


def test_a_tenants_administrator_can_reset_only_accounts_of_that_tenant(town: Town) -> None:
    """The kind of fault: an act does not define whose accounts it may affect (ADR 12)."""
    olga = administrator_of(town.a.tenant, "owner")
    own, both = member(town.a.tenant), member(town.a.tenant)
    stranger = member(town.b.tenant)
    with site_context("a test lets somebody belong elsewhere too"):
        Membership.objects.create(user=both, tenant=town.b.tenant, role=Role.objects.get(tenant=None, name="member"))
    above = member(town.a.tenant, is_superuser=True)

    for person in (both, stranger, above):
        assert olga.post(page(person), {"reason": "lost"}).status_code in {403, 404}
        assert Authenticator.objects.filter(user=person).exists()
        assert page(person).encode() not in olga.get(change_page(person)).content
    assert olga.post(page(own), {"reason": "lost"}).status_code == 302
    assert not Authenticator.objects.filter(user=own).exists()


def test_permission_to_view_is_not_enough(ada: User, town: Town) -> None:
    client = administrator_of(town.a.tenant, "admin")
    User.objects.get(username="olga").user_permissions.clear()
    person = member(town.a.tenant)

    assert client.post(page(person), {"reason": "lost"}).status_code == 403
    assert b"Remove all" not in client.get(change_page(person)).content


def test_a_person_who_gained_higher_rights_meanwhile_is_not_reset(ada: User) -> None:
    with pytest.raises(factor_reset.OutOfReach):
        factor_reset.reset(ada.pk, reason="lost", may=lambda held: not held.is_active)
    assert Authenticator.objects.filter(user=ada).count() == 2


def test_a_person_who_was_erased_meanwhile_cannot_be_reset(ada: User, administrator: Client) -> None:
    call_command("erase_person", user=str(ada.pk), reason="asked for it")

    with pytest.raises(factor_reset.PersonGone):
        factor_reset.reset(ada.pk, reason="lost")
    assert administrator.post(page(ada), {"reason": "lost"}).status_code in {302, 404}


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_does_it() -> None:
    person = with_app(User.objects.create_user(name="Ada", email="ada@example.com", email_verified=True))

    def reset() -> bool:
        try:
            return bool(factor_reset.reset(person.pk, reason="lost"))
        except factor_reset.NothingToReset:
            return False

    assert sorted(together(reset, reset)) == [False, True]
    assert len(details("factor.reset")) == 1
    assert len(subjects("ada@example.com")) == 1


def test_the_command_does_it_for_the_last_administrator_too() -> None:
    admin = with_app(User.objects.create_superuser(username="admin"))
    out = StringIO()
    call_command("reset_factors", user="admin", reason="lost telephone", stdout=out)

    assert "1 second factors" in out.getvalue()
    assert not Authenticator.objects.filter(user=admin).exists()
    entry = Entry.objects.get(action="factor.reset")
    assert (entry.actor_kind, entry.actor_id, entry.reason) == ("command", "reset_factors", "lost telephone")
    again = StringIO()
    call_command("reset_factors", user="admin", reason="lost telephone", json=True, stdout=again)
    assert '"removed": []' in again.getvalue()


@pytest.mark.parametrize(("user", "reason"), [("nobody", "lost"), ("admin", "  ")])
def test_the_command_says_what_is_missing(user: str, reason: str) -> None:
    with_app(User.objects.create_superuser(username="admin"))

    with pytest.raises(CommandError):
        call_command("reset_factors", user=user, reason=reason)
    assert Authenticator.objects.exists()
