"""Beat: what is due is sent once, by however many beats, and remembered over their ends."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import cast

import pytest
from django.core.cache import cache
from django.utils import timezone

from audit.models import JobRun
from config.beat import PREFIX, Scheduler, claim
from config.cache import Cache
from config.celery import app
from config.environment import CHECKOUT
from config.queue import queue

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.promise(78)]

FIVE = timedelta(seconds=5)


@pytest.fixture(autouse=True)
def _an_empty_queue() -> Iterator[None]:
    client = cast("Cache", cache).redis()
    client.delete("celery")
    yield
    client.delete("celery")


def test_a_turn_is_claimed_once_and_the_next_one_in_its_time() -> None:
    assert [claim("webhooks", FIVE), claim("webhooks", FIVE)] == [True, False]

    JobRun.objects.filter(name="beat.webhooks").update(ran_at=timezone.now() - timedelta(seconds=4.6))
    assert [claim("webhooks", FIVE), claim("webhooks", FIVE)] == [True, False]


def test_an_hourly_job_that_has_just_run_is_not_due_because_beat_is_new() -> None:
    ran_at = timezone.now() - timedelta(minutes=59, seconds=50)
    JobRun.objects.create(name=f"{PREFIX}purge", ran_at=ran_at)
    JobRun.objects.create(name=f"{PREFIX}retention", ran_at=ran_at - timedelta(days=2))

    schedule = Scheduler(app=app).schedule

    is_due, wait = schedule["purge"].is_due()
    assert (is_due, 0 < wait < 11) == (False, True)
    assert schedule["retention"].is_due().is_due


def test_two_beats_send_what_one_sends() -> None:
    command = [sys.executable, "-m", "celery", "-A", "config.celery", "beat", "--pidfile="]
    begun = time.monotonic()
    beats = [subprocess.Popen(command, cwd=CHECKOUT, env=dict(os.environ)) for _ in range(2)]
    try:
        deadline = time.monotonic() + 40
        while queue().waiting < 3 and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(12)
    finally:
        for one in beats:
            one.kill()
            one.wait()
    turns = (time.monotonic() - begun) / FIVE.total_seconds()
    sent = [json.loads(message)["headers"]["task"] for message in cast("Cache", cache).redis().lrange("celery", 0, -1)]

    assert 3 <= sent.count("accounts.tasks.send_webhooks") <= turns + 1


def test_the_queue_tells_how_much_waits_since_when() -> None:
    before = timezone.now()
    assert queue().waiting == 0
    for _ in range(2):
        app.send_task("accounts.tasks.purge")

    found = queue()

    assert (found.waiting, found.in_hand) == (2, 0)
    assert found.oldest
    assert before <= found.oldest <= timezone.now()


def test_a_job_that_has_never_run_is_due_at_every_start_of_beat() -> None:
    """The kind: a first turn that comes an interval after beat's start never comes where beat lives for less."""
    JobRun.objects.create(name=f"{PREFIX}retention", ran_at=timezone.now())

    schedule = Scheduler(app=app).schedule

    assert {name for name, entry in schedule.items() if entry.is_due().is_due} == schedule.keys() - {"retention"}
