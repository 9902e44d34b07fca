"""A worker that is killed amid everything it can be at: another one takes over, whatever the broker still knows."""

import signal
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.utils import timezone

from accounts.bulk import running
from accounts.bulk.actions import DEACTIVATE
from accounts.mailing import mail
from accounts.models import BulkAction, BulkState, Role, Session, User
from audit.models import Entry, JobRun
from config.celery import app
from foundation.encryption import key_ids
from jobs import key_rotation
from jobs.beat import PREFIX
from jobs.models import DeferredTask
from tenancy import site_context, tenant_context
from tests.jobs.test_purging import sessions
from tests.support.mailbox import open_mailbox
from tests.support.servers import Servers
from tests.support.waiting import until
from tests.support.worker import forget_messages, started
from tests.tenancy.conftest import Town, town
from tests.webhooks.conftest import Set, set_up
from tests.webhooks.receiver import Came, receiving

__all__ = ["set_up", "town"]

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

PEOPLE = 600  # more than one slice
NEW_KEY = bytes(range(32))
HOLD = """
    SELECT FROM accounts_session WHERE session_key = 'old7' FOR UPDATE;
    SELECT FROM accounts_user WHERE name = 'Person 7' FOR UPDATE;
    SELECT FROM webhooks_webhook FOR UPDATE;
    INSERT INTO audit_jobrun (name, ran_at, detail, progress) VALUES ('purge', now(), '', '{}');
"""
HELD = "SELECT count(*) FROM pg_locks WHERE NOT granted"
PATIENCE = 150  # seconds that a busy machine may need
OTHERS = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'vestibule_app' AND backend_start > %s"


@pytest.mark.parametrize("broker", ["remembers", pytest.param("forgets", marks=pytest.mark.promise(79))])
@pytest.mark.promise(77, 78)
def test_what_a_killed_worker_was_at_is_done_by_another(
    servers: Servers, town: Town, set_up: Set, settings: Any, tmp_path: Path, broker: str
) -> None:
    goes_on, accepted = threading.Event(), list[str]()

    def answer(came: Came) -> int:
        if not goes_on.is_set():
            goes_on.wait(timeout=60)
            return 500  # to somebody who does not hear it any more
        accepted.append(came.id)
        return 200

    messages = forget_messages()
    with open_mailbox() as mailbox, receiving(answer) as receiver:
        environment = {"EMAIL_URL": f"{mailbox.url}?tls=none", "TOKEN_ENCRYPTION_KEYS": b64encode(NEW_KEY).decode()}
        mailbox.go_on.clear()
        set_up(town.a, receiver.url)
        with tenant_context(town.a.tenant.pk):
            Role.objects.create(name="clerk", tenant=town.a.tenant)
        action = _ask_for_everything()

        with psycopg.connect(servers.superuser_url, autocommit=True) as superuser:
            begun = superuser.execute("SELECT statement_timestamp()").fetchall()[0][0]
            with superuser.transaction(force_rollback=True):
                superuser.execute(HOLD)  # whoever comes to one of these waits there
                with started(tmp_path / "killed", environment, processes=5) as worker:
                    until(lambda: mailbox.waiting and receiver.came, seconds=60)
                    until(lambda: superuser.execute(HELD).fetchall() == [(3,)], seconds=60)
                    worker.send_signal(signal.SIGKILL)
                    worker.wait()
            until(lambda: superuser.execute(OTHERS, [begun]).fetchall() == [(0,)], seconds=30)
        assert (mailbox.taken, accepted, len(receiver.came)) == ([], [], 1)

        mailbox.go_on.set()
        goes_on.set()
        with _taking_over(broker, messages, tmp_path, environment):
            until(lambda: _now(action).state == BulkState.FINISHED, seconds=PATIENCE)
            until(lambda: mailbox.taken and accepted, seconds=PATIENCE)
            until(lambda: not Session.objects.filter(session_key__startswith="old").exists(), seconds=PATIENCE)
            settings.TOKEN_ENCRYPTION_KEYS = [NEW_KEY]
            until(_is_under_the_new_key, seconds=PATIENCE)
            until(lambda: not DeferredTask.objects.waiting().exists(), seconds=PATIENCE)
            until(lambda: not messages.hlen("unacked"), seconds=PATIENCE)

    assert [taken["To"] for taken in mailbox.taken] == ["ada@example.com"]
    assert receiver.came[0].id in accepted
    assert len(accepted) == len(set(accepted))
    assert Session.objects.get().session_key == "live1"
    changed = Entry.objects.filter(batch_id=action.pk, action="update").values_list("object_id", flat=True)
    assert len(changed) == len(set(changed)) == _now(action).changed == PEOPLE
    assert Entry.objects.filter(batch_id=action.pk, action="bulk_action.ended").count() == 1


def _ask_for_everything() -> BulkAction:
    sessions(50, hours=-1, name="old")
    sessions(1, hours=1, name="live")
    root = User.objects.create_superuser(username="root", name="Root")
    chosen = User.objects.bulk_create(User(name=f"Person {number}") for number in range(PEOPLE))
    with site_context("a test begins"):
        action = running.prepare(DEACTIVATE, User.objects.filter(pk__in=[person.pk for person in chosen]), root)
        running.confirm(action)
    mail.send("ada@example.com", "email_changed", {})
    for name in ("jobs.tasks.purge", "accounts.tasks.rotate_encryption_keys", "webhooks.tasks.send_webhooks"):
        app.send_task(name)
    app.send_task("accounts.tasks.bulk", kwargs={"action_id": str(action.pk), "starter_id": str(root.pk)})
    return action


@contextmanager
def _taking_over(broker: str, messages: Any, tmp_path: Path, environment: dict[str, str]) -> Iterator[None]:
    """Another worker, which the broker gives what the first one had; or the schedule, where it forgot."""
    if broker == "remembers":
        assert messages.hlen("unacked") == 5
        with started(tmp_path / "next", environment, app="tests.support.impatient"):
            yield
        return
    messages.flushall()
    _let_time_pass()
    with started(tmp_path / "next", environment), started(tmp_path / "beat", program="beat"):
        yield


def _let_time_pass() -> None:
    """Everything of the schedule is due, and what was left alone was so for long enough."""
    now = timezone.now()
    DeferredTask.objects.waiting().update(next_attempt_at=now)
    with site_context("a test lets time pass"):
        BulkAction.objects.update(leased_until=now)
    for name in app.conf.beat_schedule:
        JobRun.objects.update_or_create(name=PREFIX + name, defaults={"ran_at": now - timedelta(days=1)})


def _now(action: BulkAction) -> BulkAction:
    with site_context("a test looks"):
        found: BulkAction = BulkAction.objects.defer("targets").get(pk=action.pk)
        return found


def _is_under_the_new_key() -> bool:
    under = [set(one.by_key) for one in key_rotation.count_keys() if one.name == "webhooks_webhook.secret"]
    return under == [{key_ids()[0]}]
