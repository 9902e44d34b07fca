"""A clock that was ahead and has been corrected blocks nothing.

The kind of fault: a stored time is compared with the present, and is so far in the future that only a wrong clock can
have written it. Waiting for it would take as long as the clock was ahead.
"""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, cast

import pytest
from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone

from accounts import tasks
from accounts.bulk import running as bulk_running
from accounts.bulk.actions import DEACTIVATE
from accounts.mailing import mail
from accounts.models import BulkAction, BulkState, Session, User
from accounts.sign_in import login_throttle
from accounts.sign_in.factors import passkeys
from accounts.sign_in.factors.passkey_site import PasskeyRefused
from accounts.sign_in.reauthentication.decision import recent_answer
from accounts.sign_in.reauthentication.records import AuthenticationMethod, AuthenticationRecord
from audit.events import Event
from audit.models import JobRun
from config.celery import app
from console.overview.counting import Counted
from foundation.cache import Cache
from foundation.clocks import LEEWAY, is_due, is_older
from foundation.windows import Windows
from jobs import purging
from jobs.beat import PREFIX, Scheduler, claim
from jobs.deferred.worker import run_due
from jobs.models import DeferredTask
from jobs.queue import queue
from providers.models import UpstreamRevocation
from providers.revocation import running as revocation
from providers.revocation.outbox import RevokedTokens, TokenRevocationReason, enqueue
from tenancy import site_context
from tests.support.post import Post
from tests.support.proven import sign_in
from tests.support.worker import forget_messages
from tests.tenancy.conftest import Town, town
from tests.webhooks.conftest import Set, set_up
from tests.webhooks.receiver import receiving
from tests.webhooks.test_running import role
from webhooks import running as webhooks
from webhooks.models import Delivery, Webhook

__all__ = ["set_up", "town"]

pytestmark = pytest.mark.django_db(transaction=True)

YEAR = timedelta(days=365)
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _nothing_in_redis() -> Iterator[None]:
    cache.clear()
    cast("Cache", cache).redis().delete("celery")
    yield
    cast("Cache", cache).redis().delete("celery")


def next_year() -> datetime:
    return timezone.now() + YEAR


# How times are compared


@pytest.mark.parametrize(
    ("ahead", "come"),
    [
        (-YEAR, True),
        (-HOUR, True),
        (timedelta(0), True),
        (HOUR / 2, False),
        (HOUR, False),
        (2 * HOUR, True),
        (YEAR, True),
    ],
)
def test_a_time_further_ahead_than_the_longest_wait_has_come(ahead: timedelta, *, come: bool) -> None:
    now = timezone.now()

    assert is_due(now + ahead, longest=HOUR, now=now) is come


@pytest.mark.parametrize(("ago", "older"), [(2 * HOUR, True), (HOUR / 2, False), (-LEEWAY / 2, False), (-YEAR, True)])
def test_an_event_in_the_future_has_no_known_age(ago: timedelta, *, older: bool) -> None:
    now = timezone.now()

    assert is_older(now - ago, HOUR, now=now) is older


# Beat


@pytest.mark.parametrize("every", [timedelta(seconds=5), HOUR])
@pytest.mark.parametrize("ahead", [timedelta(minutes=2), YEAR])
def test_a_job_that_ran_in_the_future_is_due(every: timedelta, ahead: timedelta) -> None:
    JobRun.objects.create(name=f"{PREFIX}purge", ran_at=timezone.now() + ahead)

    assert [claim("purge", every), claim("purge", every)] == [True, False]


def test_a_beat_that_starts_after_the_clock_was_set_right_finds_every_job_due() -> None:
    for name in app.conf.beat_schedule:
        JobRun.objects.create(name=f"{PREFIX}{name}", ran_at=next_year())

    schedule = Scheduler(app=app).schedule

    assert all(entry.is_due().is_due for entry in schedule.values())


def test_a_beat_that_runs_while_the_clock_is_set_right_goes_on(time_machine: Any) -> None:
    """Both beat's record of the last runs and its schedule are in the future."""
    time_machine.move_to(next_year())
    beat = Scheduler(app=app)
    _tick(beat)
    before = queue().waiting
    assert before == len(beat.schedule)

    time_machine.move_to(timezone.now() - YEAR)
    JobRun.objects.update(ran_at=timezone.now() - timedelta(days=1))  # the database's clock was correct
    _tick(beat)

    assert queue().waiting == 2 * before


def _tick(beat: Scheduler) -> None:
    for _ in range(3 * len(beat.schedule)):
        beat.tick()


# Retries


def test_a_deferred_task_that_waits_for_next_year_is_run_now(post: Post) -> None:
    mail.send("ada@example.com", "email_changed", {})
    DeferredTask.objects.waiting().update(next_attempt_at=next_year(), created_at=next_year())
    forget_messages()

    run_due(seconds=10)

    assert post.count("ada@example.com") == 1


def test_a_deferred_task_in_its_longest_pause_is_not_run_early(post: Post) -> None:
    mail.send("ada@example.com", "email_changed", {})
    DeferredTask.objects.waiting().update(next_attempt_at=timezone.now() + timedelta(minutes=9))
    forget_messages()

    run_due(seconds=10)

    assert post.count("ada@example.com") == 0


@pytest.mark.parametrize(
    "changed", [{"next_attempt_at"}, {"leased_until"}, {"next_attempt_at", "leased_until", "created_at"}]
)
def test_tokens_that_wait_or_are_leased_until_next_year_are_revoked_now(changed: set[str]) -> None:
    enqueue(
        [RevokedTokens(provider="google", issuer="https://issuer.example", access="token", refresh="")],
        reason=TokenRevocationReason.ERASED,
    )
    UpstreamRevocation.objects.update(**dict.fromkeys(changed, next_year()))

    assert revocation.claim(set()) is not None
    assert revocation.claim(set()) is None, "who claimed it has it for a while"


def test_tokens_in_their_longest_pause_are_not_revoked_early() -> None:
    enqueue(
        [RevokedTokens(provider="google", issuer="https://issuer.example", access="token", refresh="")],
        reason=TokenRevocationReason.ERASED,
    )
    UpstreamRevocation.objects.update(next_attempt_at=timezone.now() + timedelta(minutes=70))

    assert revocation.claim(set()) is None


@pytest.mark.parametrize("column", ["paused_until", "next_attempt_at"])
def test_a_webhook_or_a_message_that_waits_for_next_year_is_sent_now(town: Town, set_up: Set, column: str) -> None:
    with receiving(503) as receiver:
        webhook, _ = set_up(town.a, receiver.url, tables=["accounts_role"])
        role(town.a, "clerk")
        webhooks.send_due(seconds=10)
        with site_context("a test sets clocks"):
            Webhook.objects.filter(pk=webhook.pk).update(paused_until=next_year() if column == "paused_until" else None)
            until = next_year() if column == "next_attempt_at" else timezone.now()
            Delivery.objects.filter(webhook=webhook).update(next_attempt_at=until)
        receiver.answer = lambda _: 200
        webhooks.send_due(seconds=10)

        assert len(receiver.came) == 2


def test_a_webhook_s_former_secret_does_not_sign_for_a_year(town: Town, set_up: Set) -> None:
    with receiving() as receiver:
        webhook, _ = set_up(town.a, receiver.url, tables=["accounts_role"])
        with site_context("a test sets clocks"):
            kept = Webhook.objects.get(pk=webhook.pk).secret
            Webhook.objects.filter(pk=webhook.pk).update(former_secret=kept, former_until=next_year())
        role(town.a, "clerk")
        webhooks.send_due(seconds=10)

        assert len(receiver.came[0].headers["webhook-signature"].split()) == 1


def test_a_bulk_action_that_moved_in_the_future_is_found_again_and_a_draft_is_given_up() -> None:
    root = User.objects.create_superuser(username="root", name="Root")
    with site_context("a test sets clocks"):
        begun = bulk_running.prepare(DEACTIVATE, User.objects.all(), root)
        draft = bulk_running.prepare(DEACTIVATE, User.objects.all(), root)
        ahead = {"moved_at": next_year(), "leased_until": next_year()}
        BulkAction.objects.filter(pk=begun.pk).update(state=BulkState.RUNNING, **ahead)
        BulkAction.objects.filter(pk=draft.pk).update(moved_at=next_year())

        assert list(tasks.abandoned()) == [(begun.pk, root.pk)]
    tasks.resume_bulk_actions()
    with site_context("a test looks"):
        assert list(BulkAction.objects.values_list("pk", flat=True)) == [begun.pk]


# Limits


def test_the_throttle_of_a_clock_that_was_ahead_delays_nobody(time_machine: Any) -> None:
    now = timezone.now()
    time_machine.move_to(now + YEAR, tick=False)
    for _ in range(login_throttle.FREE_OF_ACCOUNT + 1):
        wait = _try()
    assert wait > 0

    time_machine.move_to(now, tick=False)
    assert _try() == 0
    assert _try() > 0, "and counts on from there"


def _try() -> int:
    request = HttpRequest()
    request.META["REMOTE_ADDR"] = "192.0.2.1"
    try:
        login_throttle.count_attempt(login_throttle.for_password(request, "root"), event=Event.SIGN_IN_REFUSED)
    except login_throttle.Throttled as braked:
        return braked.seconds
    return 0


def test_a_process_that_counts_by_itself_discards_names_of_the_future(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Windows(most=1)
    wall = time.time()
    monkeypatch.setattr(time, "time", lambda: wall + YEAR.total_seconds())
    counted.count("then", seconds=60, rest="rest")
    monkeypatch.setattr(time, "time", lambda: wall)
    later = time.monotonic() + 121
    monkeypatch.setattr(time, "monotonic", lambda: later)

    assert counted.count("now", seconds=60, rest="rest") == 1
    assert counted.count("now", seconds=60, rest="rest") == 2


# Reauthentication and challenges


@pytest.mark.parametrize(
    ("ago", "counts"),
    [(30, True), (599, True), (601, False), (-30, True), (-90, False), (-YEAR.total_seconds(), False)],
)
def test_a_reauthentication_in_the_future_does_not_count(ago: float, *, counts: bool) -> None:
    proof = AuthenticationRecord(kind=AuthenticationMethod.RESPONSE, at=time.time() - ago)

    assert (recent_answer([proof]) is proof) is counts


@pytest.mark.parametrize(("ago", "counts"), [(30, True), (601, False), (-90, False), (-YEAR.total_seconds(), False)])
def test_a_challenge_of_the_future_has_expired(client: Any, ago: float, *, counts: bool) -> None:
    request = HttpRequest()
    request.session = client.session
    request.session[passkeys.STATE] = {"state": {"challenge": "c"}, "person": "", "at": time.time() - ago}

    if counts:
        assert passkeys._pop_challenge(request, None) == {"challenge": "c"}  # noqa: SLF001  # its caller needs a real key
    else:
        with pytest.raises(PasskeyRefused):
            passkeys._pop_challenge(request, None)  # noqa: SLF001  # as above


# Counters and sessions


def test_numbers_that_were_counted_in_the_future_are_counted_again() -> None:
    assert Counted(at=timezone.now() + timedelta(days=3), takes=0.0, numbers=0).is_older_than(turns=1)
    assert not Counted(at=timezone.now(), takes=0.0, numbers=0).is_older_than(turns=1)


def test_a_session_that_expires_too_late_is_purged() -> None:
    ada = User.objects.create_user(username="ada", name="Ada")
    for key, ahead in [("far", YEAR), ("live", timedelta(days=29)), ("old", -HOUR)]:
        Session.objects.create(session_key=key, user=ada, expire_date=timezone.now() + ahead)

    purging.purge()

    assert list(Session.objects.values_list("session_key", flat=True)) == ["live"]


def test_a_session_in_use_is_corrected_by_its_use(client: Any) -> None:
    ada = User.objects.create_user(username="ada", name="Ada")
    sign_in(client, ada)
    Session.objects.update(last_seen_at=next_year(), ends_at=next_year(), expire_date=next_year())

    assert client.get("/accounts/").status_code == 200

    session = Session.objects.get()
    latest = timezone.now() + timedelta(days=31)
    assert session.last_seen_at < timezone.now() + LEEWAY
    assert session.expire_date < latest
    assert session.ends_at
    assert session.ends_at < latest
