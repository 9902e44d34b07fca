"""Webhooks: every entry reaches its receiver, whatever happens to either of us; no receiver is in another's way."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import time_machine
from celery import current_app
from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone

from accounts.models import Role
from audit.context import acting
from audit.events import Event, record
from audit.models import Entry
from config.variables import CHECKOUT
from foundation.locks import one_at_a_time
from tenancy import site_context, tenant_context
from tests.providers.listener import listening
from tests.support.servers import Servers
from tests.support.together import together
from tests.support.waiting import until
from tests.tenancy.conftest import Side, Town
from tests.webhooks.conftest import Set, again
from tests.webhooks.receiver import documented, receiving
from webhooks import changes, running
from webhooks.messages import LARGEST_BODY
from webhooks.models import Delivery, Webhook

pytestmark = pytest.mark.django_db(transaction=True)


def role(side: Side, name: str) -> Role:
    with tenant_context(side.tenant.pk):
        return Role.objects.create(name=name, tenant=side.tenant)


def send(seconds: float = 20.0) -> None:
    running.send_due(seconds=seconds)


def undelivered(webhook: Webhook) -> list[Delivery]:
    with site_context("a test looks at what waits"):
        return list(Delivery.objects.filter(webhook=webhook).order_by("entry_id"))


def names(came: list[Any]) -> list[str]:
    return [one.message["data"]["after"]["name"] for one in came]


def test_each_tenant_gets_its_own_entries_signed_in_the_order_of_the_trail(town: Town, set_up: Set) -> None:
    with receiving() as ours, receiving() as theirs:
        webhook, secret = set_up(town.a, ours.url)
        set_up(town.b, theirs.url)
        for number in range(3):
            role(town.a, f"clerk {number}")
        role(town.b, "baker")
        Group.objects.create(name="of no tenant")
        send()

    assert names(ours.came) == ["clerk 0", "clerk 1", "clerk 2"]
    assert names(theirs.came) == ["baker"]
    verified = documented()
    assert all(verified(secret, one.headers, one.body) for one in ours.came)
    assert not verified(secret, ours.came[0].headers, ours.came[0].body + b" ")
    assert not verified(secret, {**ours.came[0].headers, "webhook-timestamp": "1"}, ours.came[0].body)
    assert again(webhook).last_success_at is not None
    assert not undelivered(webhook)


@pytest.mark.promise(78)
def test_the_schedule_sends_and_twice_at_once_does_no_harm(town: Town, set_up: Set, settings: Any) -> None:
    job = current_app.tasks[settings.CELERY_BEAT_SCHEDULE["webhooks"]["task"]]
    with receiving() as receiver:
        set_up(town.a, receiver.url)
        role(town.a, "clerk")
        together(lambda: job.apply(throw=True), lambda: job.apply(throw=True))
        assert names(receiver.came) == ["clerk"]


def test_what_was_sent_is_not_sent_again_and_nothing_is_written_while_nothing_happens(town: Town, set_up: Set) -> None:
    with receiving() as receiver:
        webhook, _ = set_up(town.a, receiver.url)
        role(town.a, "clerk")
        send()
        before = again(webhook).__dict__
        send()
        assert len(receiver.came) == 1
    after = again(webhook).__dict__
    assert {k: v for k, v in before.items() if k != "_state"} == {k: v for k, v in after.items() if k != "_state"}


def test_only_what_was_chosen_is_sent(town: Town, set_up: Set) -> None:
    with receiving() as receiver:
        set_up(town.a, receiver.url, events=[Event.INVITATION_REVOKED.value], tables=["accounts_membership"])
        role(town.a, "not chosen")
        with tenant_context(town.a.tenant.pk):
            record(Event.INVITATION_REVOKED)
            record(Event.INVITATION_SENT)
            town.a.tenant.memberships.create(user=town.b.owner, role=town.a.role)
        send()
    assert receiver.types == ["invitation.revoked", "accounts_membership.create"]


def test_personal_values_and_secrets_stay_at_home(town: Town, set_up: Set) -> None:
    with receiving() as receiver:
        webhook, secret = set_up(town.a, receiver.url)
        with tenant_context(town.a.tenant.pk), acting(ip_address="203.0.113.9", user_agent="Canary/1"):
            record(Event.INVITATION_SENT, personal={"email": "canary@example.com"}, role="x")
            changes.rotate_secret(Webhook.objects.get(pk=webhook.pk))
        send()
    text = b"".join(one.body for one in receiver.came).decode()
    kept = again(webhook)
    assert receiver.types == ["invitation.sent", "webhooks_webhook.update", "webhook.secret_rotated"]
    for canary in ("canary@example.com", "203.0.113.9", "Canary/1", secret, kept.secret, kept.former_secret):
        assert canary not in text


def test_after_a_renewal_both_secrets_sign_for_a_day(town: Town, set_up: Set) -> None:
    verified = documented()
    with receiving() as receiver:
        webhook, first = set_up(town.a, receiver.url, tables=["accounts_role"])
        with tenant_context(town.a.tenant.pk):
            second = changes.rotate_secret(Webhook.objects.get(pk=webhook.pk))
        role(town.a, "one")
        send()
        one = receiver.came[0]
        assert verified(first, one.headers, one.body)
        assert verified(second, one.headers, one.body)
        with tenant_context(town.a.tenant.pk):
            Webhook.objects.update(former_until=timezone.now())
        role(town.a, "two")
        send()
        two = receiver.came[1]
        assert not verified(first, two.headers, two.body)
        assert verified(second, two.headers, two.body)


def test_a_broken_receiver_costs_no_write_and_gets_everything_when_it_is_well_again(town: Town, set_up: Set) -> None:
    with receiving(500) as receiver:
        webhook, _ = set_up(town.a, receiver.url)
        role(town.a, "first")
        role(town.a, "second")
        send()
        send()
        assert len(receiver.came) == 1  # it is left alone
        (waiting,) = undelivered(webhook)
        ill = again(webhook)
        assert (ill.failures, ill.last_failure) == (1, "answered with status 500")
        assert ill.failing_since
        assert ill.paused_until
        assert timedelta(seconds=20) < ill.paused_until - timezone.now() < timedelta(seconds=40)
        assert waiting.next_attempt_at
        assert Entry.objects.filter(object_table="accounts_role", after__name="second").exists()

        receiver.answer = lambda _: 200
        with time_machine.travel(timezone.now() + timedelta(minutes=1)):
            send()
            send()
    assert names(receiver.came) == ["first", "first", "second"] or names(receiver.came) == ["first", "second", "first"]
    assert len({one.id for one in receiver.came}) == 2
    assert not undelivered(webhook)
    well = again(webhook)
    assert (well.failures, well.failing_since, well.paused_until, well.last_failure) == (0, None, None, "")


def test_a_message_that_is_refused_holds_no_other_up_and_is_a_dead_letter_after_a_day(town: Town, set_up: Set) -> None:
    with receiving(lambda one: 422 if b"poison" in one.body else 200) as receiver:
        webhook, _ = set_up(town.a, receiver.url, tables=["accounts_role"])
        for name in ("poison", "good"):
            role(town.a, name)
        send()
        assert names(receiver.came) == ["poison", "good"]
        now = timezone.now()
        for hours in range(1, 40):
            with time_machine.travel(now + timedelta(hours=hours)):
                send()
        (dead,) = undelivered(webhook)

    assert dead.is_dead
    assert (dead.attempts, dead.failure) == (running.RETRIES.max_attempts, "answered with status 422")
    assert len({one.id for one in receiver.came}) == 2
    assert Entry.objects.filter(action=Event.DELIVERY_FAILED, details__entry=dead.entry_id).count() == 1
    with receiving() as well:
        with tenant_context(town.a.tenant.pk):
            Webhook.objects.update(url=well.url)
            changes.retry(Delivery.objects.select_related("webhook").get(pk=dead.pk))
        send()
        assert names(well.came) == ["poison"]
    assert not undelivered(webhook)


def test_one_that_fails_for_days_is_switched_off_and_goes_on_where_it_stopped(town: Town, set_up: Set) -> None:
    with receiving(503) as receiver:
        webhook, _ = set_up(town.a, receiver.url, tables=["accounts_role"])
        role(town.a, "missed")
        send()
        with time_machine.travel(timezone.now() + timedelta(days=5, minutes=1)):
            send()
        off = again(webhook)
        assert (off.is_active, off.disabled_reason) == (False, "answered with status 503")
        assert Entry.objects.filter(action=Event.WEBHOOK_DISABLED, object_id=str(webhook.pk)).count() == 1
        role(town.a, "missed too")
        asked = len(receiver.came)
        send()
        assert len(receiver.came) == asked

        receiver.answer = lambda _: 200
        with tenant_context(town.a.tenant.pk):
            found = Webhook.objects.get(pk=webhook.pk)
            found.is_active = True
            changes.change(found, switched_on=True)
        send()
        with time_machine.travel(timezone.now() + timedelta(days=6)):
            send()
    assert {"missed", "missed too"} <= set(names(receiver.came[asked:]))


def test_a_receiver_that_is_gone_is_switched_off_at_once(town: Town, set_up: Set) -> None:
    with receiving(410) as receiver:
        webhook, _ = set_up(town.a, receiver.url)
        role(town.a, "clerk")
        send()
    assert not again(webhook).is_active


def test_redirects_are_not_followed(town: Town, set_up: Set) -> None:
    with receiving(302) as receiver:
        webhook, _ = set_up(town.a, receiver.url)
        role(town.a, "clerk")
        send()
    assert [one.path for one in receiver.came] == ["/hook"]
    assert again(webhook).last_failure == "answered with status 302"


def silent(_: socket.socket) -> None:
    threading.Event().wait(5)


@pytest.mark.slow
def test_a_slow_receiver_is_in_nobodys_way(town: Town, set_up: Set, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("foundation.posting.DEADLINE", 2.0)
    with listening(silent) as slow, receiving() as quick:
        webhook, _ = set_up(town.a, slow.url)
        set_up(town.b, quick.url)
        role(town.a, "for the slow one")
        role(town.b, "for the quick one")
        started_at = time.monotonic()
        sending = threading.Thread(target=send)
        sending.start()
        until(lambda: quick.came, seconds=1.5)
        role(town.b, "while the slow one is waited for")
        until(lambda: len(quick.came) == 2, seconds=2.0 - (time.monotonic() - started_at) + 1.5)
        sending.join(timeout=60)
    assert time.monotonic() - started_at < 10
    assert again(webhook).last_failure == "no whole answer in time"


def test_while_a_receiver_is_waited_for_no_transaction_holds_the_trail_back(town: Town, set_up: Set) -> None:
    def look(_: Any) -> int:
        with psycopg.connect(servers_url()) as other:
            (count,) = other.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND pid <> pg_backend_pid()"
            ).fetchone()  # type: ignore[misc]  # a count is there
        return 200 if count == 0 else 500

    with receiving(look) as receiver:
        webhook, _ = set_up(town.a, receiver.url)
        role(town.a, "clerk")
        send()
    assert again(webhook).last_failure == ""
    assert again(webhook).last_success_at


def servers_url() -> str:
    from tests.conftest import _SERVERS  # noqa: PLC0415

    return _SERVERS.superuser_url


def test_a_test_reaches_the_one_receiver_whatever_it_chose(town: Town, set_up: Set) -> None:
    with receiving() as ours, receiving() as other:
        webhook, _ = set_up(town.a, ours.url, tables=["accounts_role"])
        set_up(town.a, other.url)
        with tenant_context(town.a.tenant.pk):
            changes.test(Webhook.objects.get(pk=webhook.pk))
        send()
    assert ours.types == ["webhook.tested"]
    assert other.types == []


def test_a_full_outbox_leaves_the_rest_in_the_trail(town: Town, set_up: Set, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "MOST_WAITING", 3)
    monkeypatch.setattr(running, "BATCH", 2)
    monkeypatch.setattr(running, "ILL", 1000)
    with receiving(400) as receiver:
        webhook, _ = set_up(town.a, receiver.url, tables=["accounts_role"])
        for number in range(10):
            role(town.a, f"clerk {number}")
        send()
        assert len(undelivered(webhook)) == 4  # a batch begun is ended
        assert Entry.objects.filter(object_table="accounts_role", after__name__startswith="clerk").count() == 10
        receiver.answer = lambda _: 200
        with time_machine.travel(timezone.now() + timedelta(minutes=2)):
            send()
    assert sorted(set(names(receiver.came))) == [f"clerk {number}" for number in range(10)]
    assert not undelivered(webhook)


def test_of_an_entry_that_is_too_large_the_values_are_left_out(town: Town, set_up: Set) -> None:
    with receiving() as receiver:
        set_up(town.a, receiver.url)
        with tenant_context(town.a.tenant.pk):
            record(Event.INVITATION_SENT, much="x" * LARGEST_BODY)
        send()
    (one,) = receiver.came
    assert len(one.body) < 2000
    assert (one.message["data"]["details"], one.message["data"]["left_out"]) == (None, ["details"])


def test_a_change_and_its_message_never_part(town: Town, set_up: Set) -> None:
    with receiving() as receiver:
        set_up(town.a, receiver.url)
        with tenant_context(town.a.tenant.pk):
            Role.objects.create(name="undone", tenant=town.a.tenant)
            transaction.set_rollback(True)
        role(town.a, "done")
        send()
    assert names(receiver.came) == ["done"]


@pytest.mark.promise(78)
def test_two_runs_at_once_send_once(town: Town, set_up: Set) -> None:
    with receiving(lambda _: threading.Event().wait(0.1) or 200) as receiver:
        webhook, _ = set_up(town.a, receiver.url)
        for number in range(4):
            role(town.a, f"clerk {number}")
        deadline = time.monotonic() + 20
        runs = [
            threading.Thread(target=running._run, args=(webhook.pk, town.a.tenant.pk, deadline))  # noqa: SLF001
            for _ in range(3)
        ]
        for one in runs:
            one.start()
        for one in runs:
            one.join()
    assert names(receiver.came) == [f"clerk {number}" for number in range(4)]


KILLED = """
import time, django
django.setup()
from webhooks import running
running.send_due(seconds=60)
"""


@pytest.mark.process
@pytest.mark.promise(78)
def test_killed_in_the_middle_nothing_is_lost_and_what_comes_twice_has_the_same_id(
    town: Town, set_up: Set, servers: Servers
) -> None:
    hold = threading.Event()
    with receiving(lambda one: 200 if b"clerk 0" in one.body or hold.wait(20) else 500) as receiver:
        webhook, _ = set_up(town.a, receiver.url)
        for number in range(3):
            role(town.a, f"clerk {number}")
        with subprocess.Popen([sys.executable, "-c", KILLED], cwd=CHECKOUT, env=os.environ) as killed:
            until(lambda: len(receiver.came) == 2, seconds=40)
            killed.send_signal(signal.SIGKILL)
        hold.set()
        until(lambda: _is_free(webhook), seconds=10)
        send()

    assert names(receiver.came) == ["clerk 0", "clerk 1", "clerk 1", "clerk 2"]
    assert len({one.id for one in receiver.came}) == 3


def _is_free(webhook: Webhook) -> bool:
    with one_at_a_time("webhooks") as first, one_at_a_time(f"webhook {webhook.pk}") as second:
        return first and second
