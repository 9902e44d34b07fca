"""A broker that is emptied, away, or does not answer: the schedule goes on, and what was promised is done."""

import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.mailing import mail
from audit.models import JobRun
from config.embedded import directories
from config.embedded.programs import any_free_port
from config.embedded.valkey import Valkey
from config.variables import CHECKOUT
from jobs.beat import PREFIX
from jobs.models import DeferredTask
from tests.support.mailbox import Mailbox, open_mailbox
from tests.support.waiting import until
from tests.support.worker import started

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

PROMISE = """
import django
django.setup()
from accounts.mailing import mail
mail.send("ada@example.com", "email_changed", {})
"""


@dataclass(kw_only=True)
class Broker:
    """A broker of the test's own, which knows nothing any more when it is started again."""

    valkey: Valkey
    process: subprocess.Popen[bytes] = field(init=False)

    def start(self) -> None:
        self.process = self.valkey.start()
        self.valkey.wait_ready(self.process)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    where = directories.find(tmp_path / "state")
    broker = Broker(valkey=Valkey(place=where, port=any_free_port(), password=secrets.token_urlsafe(16), durable=False))
    broker.start()
    yield broker
    broker.kill()


def lost() -> None:
    """Promise a mail whose message goes to a broker that these workers do not know."""
    mail.send("ada@example.com", "email_changed", {})
    DeferredTask.objects.update(next_attempt_at=timezone.now())


@pytest.mark.promise(78, 79)
def test_the_schedule_goes_on_after_the_broker_was_away_and_has_forgotten_everything(
    broker: Broker, tmp_path: Path
) -> None:
    with open_mailbox() as mailbox, ExitStack() as programs:
        environment = {"REDIS_URL": broker.valkey.url, "EMAIL_URL": f"{mailbox.url}?tls=none"}
        for program in ("worker", "beat"):
            programs.enter_context(started(tmp_path / program, environment, program=program))
        until(lambda: " ready" in (tmp_path / "worker").read_text(), seconds=120)
        until(lambda: JobRun.objects.filter(name=f"{PREFIX}webhooks").exists(), seconds=120)
        broker.kill()
        lost()
        until(lambda: "Connection to broker lost" in (tmp_path / "worker").read_text(), seconds=60)
        broker.start()

        until(lambda: mailbox.taken, seconds=90)
        until(lambda: not DeferredTask.objects.waiting().exists(), seconds=10)
    assert [taken["To"] for taken in mailbox.taken] == ["ada@example.com"]


@pytest.mark.parametrize("trouble", ["away", "silent"])
@pytest.mark.promise(78, 79)
def test_a_promise_is_kept_at_once_in_bounded_time_without_a_broker(broker: Broker, trouble: str) -> None:
    if trouble == "away":
        broker.kill()
    else:
        broker.process.send_signal(signal.SIGSTOP)
    with open_mailbox() as mailbox:
        begun = time.monotonic()
        _promise(broker, mailbox)
        took = time.monotonic() - begun
        broker.process.send_signal(signal.SIGCONT)

        assert [taken["To"] for taken in mailbox.taken] == ["ada@example.com"]
    assert took < 60  # of which setting up Django is a part
    assert not DeferredTask.objects.waiting().exists()


def _promise(broker: Broker, mailbox: Mailbox) -> None:
    environment = os.environ | {"REDIS_URL": broker.valkey.url, "EMAIL_URL": f"{mailbox.url}?tls=none"}
    subprocess.run([sys.executable, "-c", PROMISE], cwd=CHECKOUT, env=environment, check=True, timeout=60)
