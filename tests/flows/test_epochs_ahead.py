"""An epoch in the future does not lock its person out, and still ends what came before it.

The kind of fault: a clock that was ahead (of the database, or of its replacement) wrote the time before which nothing
is valid, so everything issued afterwards counts as older until that time comes. Or the reverse: such an epoch is
ignored, and then so is every later one.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from django.utils import timezone

from accounts import cut_off
from accounts.mailing import links
from accounts.models import CutOff, Identity, MailedLink, Purpose, Session, User
from accounts.sessions import SessionRevocationReason, revoke_all_sessions
from accounts.sign_in import people
from accounts.sign_in.local.registration import open_local_account
from foundation.rows import fetch_one
from providers.models import UpstreamTokens
from providers.revalidation import refreshing
from tests.flows.conftest import Browser, refusals
from tests.flows.factors import PROVE, add_app
from tests.flows.test_keeping_the_way import NEXT
from tests.flows.test_local_accounts import NORA, PASSWORD
from tests.flows.test_local_accounts import sign_in as local_sign_in
from tests.support.servers import Servers
from tests.support.together import together

pytestmark = pytest.mark.django_db(transaction=True)

YEAR = timedelta(days=365)
Column = Literal["not_before", "sign_in_epoch"]
WRITTEN: dict[Column, str] = {
    "not_before": "UPDATE public.accounts_user SET not_before = clock_timestamp() + %s",
    "sign_in_epoch": "UPDATE public.accounts_user SET sign_in_epoch = clock_timestamp() + %s",
}
STANDS = "SELECT public.session_stands(%s, %s, %s, %s, 'keycloak', '')"


@pytest.fixture
def clock_was_ahead(servers: Servers) -> Callable[..., None]:
    """Make the times of an act on everyone those of a clock that was ahead and has been corrected."""

    def write(*columns: Column, by: timedelta = YEAR) -> None:
        with psycopg.connect(servers.superuser_url) as prompt:
            prompt.execute("SET session_replication_role = replica")  # disables the trigger of epochs
            for column in columns or ("not_before", "sign_in_epoch"):
                prompt.execute(WRITTEN[column], [by])

    return write


def now() -> datetime:
    row = fetch_one("SELECT clock_timestamp()", [])
    assert row
    found: datetime = row[0]
    return found


def come_in(browser: Browser, provider: str = "keycloak") -> None:
    browser.sign_in(provider, "ada")
    assert browser.account


def stands(*, epoch: datetime | None, judged_at: datetime) -> bool:
    identity = Identity.objects.get()
    row = fetch_one(STANDS, [identity.user_id, epoch, judged_at, identity.pk])
    assert row
    return bool(row[0])


# The time before which nothing is valid


@pytest.mark.parametrize("is_closed", [False, True])
@pytest.mark.parametrize("ahead", [timedelta(minutes=5), YEAR])
@pytest.mark.promise(28, 95)
def test_a_person_cut_off_by_a_clock_that_was_ahead_can_sign_in_again(
    browser: Browser,
    new_browser: Callable[[], Browser],
    provider: str,
    clock_was_ahead: Callable[..., None],
    ahead: timedelta,
    *,
    is_closed: bool,
) -> None:
    browser.sign_in(provider, "ada")
    cut_off.cut_off(User.objects.get(), by=CutOff.By.COMMAND, close=is_closed)
    User.objects.filter(is_active=False).update(is_active=True)
    clock_was_ahead("not_before", by=ahead)
    again = new_browser()
    again.sign_in(provider, "ada")

    assert again.account == str(User.objects.get().pk)
    assert again.get("/accounts/").status_code == 200
    assert browser.account is None


@pytest.mark.promise(28, 95)
def test_so_can_a_person_with_a_password(browser: Browser, settings: Any, clock_was_ahead: Callable[..., None]) -> None:
    settings.LOCAL_ACCOUNTS = "open"
    person = open_local_account(NORA, "Nora", PASSWORD)
    clock_was_ahead()

    assert local_sign_in(browser).headers["Location"] == "/accounts/"
    assert browser.account == str(person.pk)


@pytest.mark.promise(28, 95)
def test_the_next_act_ends_what_was_issued_since(
    browser: Browser, new_browser: Callable[[], Browser], clock_was_ahead: Callable[..., None]
) -> None:
    """Even a session whose row appears after the act: it came of something older."""
    come_in(browser)
    clock_was_ahead("not_before")
    late = new_browser()
    come_in(late)
    row = Session.objects.of_browser(late.key).get()
    cut_off.cut_off(User.objects.get(), by=CutOff.By.COMMAND, close=False)
    assert late.account is None
    row.save(force_insert=True)

    assert row.not_before is not None
    assert row.not_before > timezone.now() + YEAR / 2
    assert late.account is None
    moved = User.objects.get().not_before
    assert moved
    assert moved <= now()
    come_in(new_browser())


@pytest.mark.promise(28, 95)
def test_a_session_that_was_issued_by_a_clock_that_was_ahead_is_ended_like_any_other(
    browser: Browser, clock_was_ahead: Callable[..., None]
) -> None:
    come_in(browser)
    Session.objects.update(created_at=timezone.now() + YEAR)
    row = Session.objects.of_browser(browser.key).get()
    User.objects.update(not_before=now())
    assert browser.account is None
    cut_off.cut_off(User.objects.get(), by=CutOff.By.COMMAND, close=False)
    row.save(force_insert=True)

    assert browser.account is None


@pytest.mark.parametrize("column", ["not_before", "sign_in_epoch"])
@pytest.mark.promise(28, 95)
def test_an_epoch_is_the_present_whatever_is_written_and_no_older_copy_reverts_it(
    column: Column, clock_was_ahead: Callable[..., None]
) -> None:
    def found() -> datetime:
        moment = getattr(User.objects.get(), column)
        assert isinstance(moment, datetime)
        return moment

    never_moved = User.objects.create_user(name="Ada")
    User.objects.update(**{column: now() + YEAR})
    first = found()
    assert first <= now()

    never_moved.save()
    assert found() == first
    older = User.objects.get()
    User.objects.update(**{column: now()})
    second = found()
    older.save()
    assert first < second == found() <= now()

    clock_was_ahead(column)
    older.save()
    assert second < found() <= now(), "nobody can tell what is older than a moment in the future"
    clock_was_ahead(column)
    User.objects.update(**{column: now()})
    assert second < found() <= now()


# The sign-in epoch


@pytest.mark.promise(28, 95)
def test_an_epoch_in_the_future_refuses_once_what_may_be_older_and_is_corrected(
    browser: Browser, provider: str, clock_was_ahead: Callable[..., None]
) -> None:
    """It is unknown whether the act was before the clock was set back or after the provider's answer was verified."""
    browser.sign_in(provider, "ada")
    browser.post("/accounts/logout/")
    clock_was_ahead("sign_in_epoch")
    refused = browser.sign_in(provider, "ada", next=NEXT, remember="on")

    way = parse_qs(urlsplit(refused.headers["Location"]).query)
    assert way == {"next": [NEXT], "remember": ["on"]}
    assert browser.account is None
    assert refusals() == ["revoked_meanwhile"]
    epoch = User.objects.get().sign_in_epoch
    assert epoch
    assert epoch <= now()
    clock_was_ahead("sign_in_epoch", by=-timedelta(minutes=1))  # a minute later, or a slow machine may be too early
    assert browser.sign_in(provider, "ada", next=NEXT).headers["Location"] == NEXT
    assert browser.account


@pytest.mark.promise(28, 95)
def test_a_password_verified_in_an_epoch_in_the_future_works_at_once(
    browser: Browser, settings: Any, clock_was_ahead: Callable[..., None]
) -> None:
    """The epoch was read before the password was verified, so no times are compared."""
    settings.LOCAL_ACCOUNTS = "open"
    open_local_account(NORA, "Nora", PASSWORD)
    clock_was_ahead("sign_in_epoch")

    assert local_sign_in(browser).headers["Location"] == "/accounts/"


@pytest.mark.promise(28, 95)
def test_an_act_during_an_epoch_in_the_future_still_ends_what_was_verified_before_it(
    browser: Browser, clock_was_ahead: Callable[..., None]
) -> None:
    come_in(browser)
    person = User.objects.get()
    for act in (
        partial(revoke_all_sessions, [person.pk], reason=SessionRevocationReason.OWNER),
        partial(User.objects.update, password="another"),
        partial(User.objects.update, sign_in_epoch=now()),
    ):
        clock_was_ahead("sign_in_epoch")
        judged_at = now()
        act()
        moved = User.objects.get().sign_in_epoch

        assert moved
        assert judged_at < moved <= now()
        assert not stands(epoch=moved, judged_at=judged_at), "judged before the act, though it was looked up after it"
        assert stands(epoch=moved, judged_at=now())


@pytest.mark.promise(28, 95)
def test_an_act_during_one_ends_pending_sign_ins(
    browser: Browser,
    new_browser: Callable[[], Browser],
    later: Callable[..., None],
    clock_was_ahead: Callable[..., None],
) -> None:
    browser.sign_in("keycloak", "ada")
    add_app(browser)
    person = User.objects.get()
    clock_was_ahead("sign_in_epoch")
    people.set_epoch_right(person.pk)
    later()
    late = new_browser()
    assert late.sign_in("keycloak", "ada").headers["Location"] == PROVE
    token = links.make(
        Purpose.PASSWORD_RESET,
        email="ada@example.com",
        lifetime=timedelta(hours=1),
        user=User.objects.get(pk=person.pk),
    )
    User.objects.update(sign_in_epoch=now())

    assert late.get(PROVE).headers["Location"] == "/accounts/login/"
    assert not MailedLink.objects.live().exists()
    assert browser.get(f"/accounts/links/{token}/").status_code in {404, 410}


@pytest.mark.promise(28, 95)
def test_of_two_processes_that_correct_it_one_does(browser: Browser, clock_was_ahead: Callable[..., None]) -> None:
    come_in(browser)
    person = User.objects.get().pk
    clock_was_ahead("sign_in_epoch")
    judged_at = now()

    def set_right() -> datetime | None:
        people.set_epoch_right(person)
        return User.objects.get().sign_in_epoch

    first, second = together(set_right, set_right)
    assert first == second == User.objects.get().sign_in_epoch
    assert not stands(epoch=first, judged_at=judged_at)
    assert stands(epoch=first, judged_at=now())
    people.set_epoch_right(person)
    assert User.objects.get().sign_in_epoch == first, "and what is right is left alone"


# Sessions that follow a provider's session


@pytest.mark.promise(28, 95)
def test_a_doubt_in_the_future_counts_as_an_old_one(browser: Browser) -> None:
    come_in(browser)
    Session.objects.update(unverified_since=timezone.now() + YEAR)
    browser.get("/accounts/")

    assert browser.account is None


@pytest.mark.promise(28, 95)
def test_tokens_issued_in_the_future_are_revalidated(browser: Browser, settings: Any) -> None:
    come_in(browser)
    UpstreamTokens.objects.update(given_at=timezone.now() + YEAR)
    before = UpstreamTokens.objects.get().version
    refreshing.revalidate(Session.objects.get().public_id)

    assert UpstreamTokens.objects.get().version == before + 1
