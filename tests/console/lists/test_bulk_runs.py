"""Bulk actions end correctly even if workers are killed, run twice or lose their database connection."""

import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta

import psycopg
import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone

from accounts import tasks
from accounts.bulk import running
from accounts.bulk.actions import DEACTIVATE
from accounts.models import BulkAction, BulkState, User
from audit.models import Entry
from config.celery import app
from config.variables import CHECKOUT
from tenancy import site_context
from tests.console.lists.conftest import Crowd
from tests.console.lists.test_bulk import choose, press
from tests.support.servers import Servers
from tests.support.together import together
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

WORKER = """
import sys, uuid, django
django.setup()
from accounts.bulk import running
running.SLICE = 20
running.carry_out(uuid.UUID(sys.argv[1]), uuid.UUID(sys.argv[2]))
"""


@pytest.fixture
def begun(root: User, crowd: Crowd) -> BulkAction:
    """Return a confirmed action on many people that no worker has started."""
    crowd(2000)
    with site_context("a test begins"):
        action = running.prepare(DEACTIVATE, User.objects.filter(is_superuser=False), root)
        running.confirm(action)
    return action


def now(action: BulkAction) -> BulkAction:
    with site_context("a test looks"):
        found: BulkAction = BulkAction.objects.defer("targets").get(pk=action.pk)
        return found


def ended_exactly(action: BulkAction) -> bool:
    entries = Entry.objects.filter(batch_id=action.pk)
    changed = entries.filter(action="update").values_list("object_id", flat=True)
    assert (now(action).state, now(action).changed) == (BulkState.FINISHED, 2000)
    assert len(changed) == len(set(changed)) == User.objects.filter(is_active=False).count() == 2000
    return entries.filter(action="bulk_action.ended").count() == 1


@pytest.mark.process
@pytest.mark.promise(78)
def test_an_action_killed_in_the_middle_and_run_again_ends_the_same(begun: BulkAction) -> None:
    told = [sys.executable, "-c", WORKER, str(begun.pk), str(begun.user_id)]
    with subprocess.Popen(told, cwd=CHECKOUT, env=os.environ) as worker:
        until(lambda: now(begun).position > 0, seconds=30)
        worker.send_signal(signal.SIGKILL)
    assert 0 < now(begun).position < 2000
    assert Entry.objects.filter(batch_id=begun.pk, action="update").count() == now(begun).position

    tasks.bulk(str(begun.pk), str(begun.user_id))
    assert ended_exactly(begun)


@pytest.mark.promise(78)
def test_two_workers_at_once_do_what_one_does(begun: BulkAction) -> None:
    together(*[lambda: running.carry_out(begun.pk, begun.user_id)] * 2)

    assert ended_exactly(begun)
    assert running.carry_out(begun.pk, begun.user_id), "and a third finds nothing to do"
    assert ended_exactly(begun)


@pytest.mark.promise(78)
def test_a_lost_connection_ends_the_run_and_not_the_action(begun: BulkAction, servers: Servers) -> None:
    raised: list[Exception] = []

    def work() -> None:
        try:
            running.carry_out(begun.pk, begun.user_id)
        except OperationalError as lost:
            raised.append(lost)
        finally:
            connection.close()

    worker = threading.Thread(target=work)
    waiting = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
    with (
        psycopg.connect(servers.runtime_url) as holder,
        psycopg.connect(servers.superuser_url, autocommit=True) as superuser,
    ):
        holder.execute("SELECT FROM accounts_user WHERE NOT is_superuser FOR UPDATE")
        worker.start()
        until(lambda: superuser.execute(waiting).fetchone(), seconds=10)
        (pid,) = superuser.execute(waiting).fetchone() or (0,)
        superuser.execute("SELECT pg_terminate_backend(%s)", [pid])
        worker.join(timeout=10)
    assert raised
    assert (now(begun).state, now(begun).position) == (BulkState.RUNNING, 0)

    assert running.carry_out(begun.pk, begun.user_id)
    assert ended_exactly(begun)


@pytest.mark.promise(78)
def test_an_abandoned_action_is_found_again(begun: BulkAction) -> None:
    with site_context("a test lets time pass"):
        assert list(tasks.abandoned()) == []
        BulkAction.objects.update(leased_until=timezone.now())
        assert list(tasks.abandoned()) == [(begun.pk, begun.user_id)]


@pytest.mark.promise(78)
def test_an_action_that_stalls_for_a_day_is_given_up(begun: BulkAction, root: User) -> None:
    with site_context("a test lets time pass"):
        forgotten = running.prepare(DEACTIVATE, User.objects.all(), root)
        BulkAction.objects.update(moved_at=timezone.now() - timedelta(days=2))
        tasks.resume_bulk_actions()
        assert not BulkAction.objects.filter(pk=forgotten.pk).exists()

    assert (now(begun).state, now(begun).stop_reason) == (BulkState.STOPPED, "failed")
    assert Entry.objects.get(action="bulk_action.ended").details == {
        "kind": "deactivate",
        "role": None,
        "changed": 0,
        "skipped": {},
        "finished": False,
    }


@pytest.mark.promise(78)
def test_a_confirmed_action_is_put_into_the_queue_when_its_request_is_over(administrator: Client, crowd: Crowd) -> None:
    people = crowd(120)
    page = choose(administrator, "deactivate", *people)
    with app.connection_for_read() as broker, broker.SimpleQueue("celery") as queue:
        queue.clear()
        press(administrator, page, "confirm")
        message = queue.get(timeout=5)
        message.ack()
    (key, starter), *_ = message.payload
    assert message.headers["task"] == tasks.bulk.name
    assert User.objects.filter(is_active=False).count() == 0

    tasks.bulk(key, starter)
    assert User.objects.filter(is_active=False).count() == 120


@pytest.mark.promise(78)
def test_a_broker_that_is_down_breaks_nothing(
    administrator: Client, crowd: Crowd, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = choose(administrator, "deactivate", *crowd(120))
    with monkeypatch.context() as patch:
        patch.setattr(app.conf, "broker_write_url", "redis://127.0.0.1:1/0")
        patch.setattr(app, "_pool", None)
        patch.setattr(app.amqp, "_producer_pool", None)
        press(administrator, page, "confirm")

    assert "Under way." in administrator.get(page).content.decode()
