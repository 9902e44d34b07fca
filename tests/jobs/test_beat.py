"""Beat: what is due is sent once, by however many beats, and remembered over their ends."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import cast

import psycopg
import pytest
from django.core.cache import cache
from django.utils import timezone

from audit.models import JobRun
from config.celery import app
from config.variables import CHECKOUT
from foundation.cache import Cache
from jobs.beat import EARLY, PREFIX, Scheduler, claim
from jobs.queue import queue
from tests.support.servers import Servers
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

FIVE = timedelta(seconds=5)
HURRIED = 0.5  # seconds, of tests.support.hurried
NOTE_CLAIMS = """
    CREATE TABLE public.turns (ran_at timestamptz NOT NULL);
    GRANT INSERT ON public.turns TO PUBLIC;
    CREATE FUNCTION public.note_turn() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.name = 'beat.webhooks' THEN INSERT INTO public.turns VALUES (NEW.ran_at); END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER note_turn AFTER INSERT OR UPDATE ON public.audit_jobrun
        FOR EACH ROW EXECUTE FUNCTION public.note_turn();
"""
FORGET_CLAIMS = """
    DROP TRIGGER note_turn ON public.audit_jobrun;
    DROP FUNCTION public.note_turn;
    DROP TABLE public.turns;
"""


@pytest.fixture(autouse=True)
def _an_empty_queue() -> Iterator[None]:
    client = cast("Cache", cache).redis()
    client.delete("celery")
    yield
    client.delete("celery")


@pytest.mark.promise(78)
def test_a_turn_is_claimed_once_and_the_next_one_in_its_time() -> None:
    assert [claim("webhooks", FIVE), claim("webhooks", FIVE)] == [True, False]

    JobRun.objects.filter(name="beat.webhooks").update(ran_at=timezone.now() - timedelta(seconds=4.6))
    assert [claim("webhooks", FIVE), claim("webhooks", FIVE)] == [True, False]


@pytest.mark.promise(78)
def test_an_hourly_job_that_has_just_run_is_not_due_because_beat_is_new() -> None:
    ran_at = timezone.now() - timedelta(minutes=59, seconds=50)
    JobRun.objects.create(name=f"{PREFIX}purge", ran_at=ran_at)
    JobRun.objects.create(name=f"{PREFIX}retention", ran_at=ran_at - timedelta(days=2))

    schedule = Scheduler(app=app).schedule

    is_due, wait = schedule["purge"].is_due()
    assert (is_due, 0 < wait < 11) == (False, True)
    assert schedule["retention"].is_due().is_due


@pytest.fixture
def claimed(servers: Servers) -> Iterator[Callable[[], list[datetime]]]:
    """Give the turns of the webhooks' job that were claimed so far, by the database's clock: it notes each itself."""
    with psycopg.connect(servers.superuser_url, autocommit=True) as database:
        database.execute(NOTE_CLAIMS)
        yield lambda: [turn for (turn,) in database.execute("SELECT ran_at FROM public.turns ORDER BY ran_at")]
        database.execute(FORGET_CLAIMS)


def _started(command: list[str], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("wb") as writes:
        return subprocess.Popen(command, cwd=CHECKOUT, env=dict(os.environ), stdout=writes, stderr=writes)


@pytest.mark.process
@pytest.mark.promise(78)
def test_two_beats_send_what_one_sends(claimed: Callable[[], list[datetime]], tmp_path: Path) -> None:
    """Whoever claims a turn sends it, and none is claimed before its time: however fast or slow the machine is."""
    logs = [tmp_path / name for name in ("one", "another")]
    command = [sys.executable, "-m", "celery", "-A", "tests.support.hurried", "beat", "--pidfile=", "--loglevel=INFO"]
    beats = [_started(command, log) for log in logs]
    try:
        until(lambda: all("Starting" in log.read_text() for log in logs), seconds=300)
        before = len(claimed())
        until(lambda: len(claimed()) >= before + 6, seconds=300)
        assert [one.poll() for one in beats] == [None, None], "both were there"
    finally:
        for one in beats:
            one.terminate()
        for one in beats:
            one.wait(timeout=60)
    sent = [json.loads(message)["headers"]["task"] for message in cast("Cache", cache).redis().lrange("celery", 0, -1)]

    assert set(sent) == {"webhooks.tasks.send_webhooks"}
    assert len(claimed()) - len(beats) <= len(sent) <= len(claimed()), (
        "each may have been ended before it sent its last"
    )
    assert min(later - earlier for earlier, later in pairwise(claimed())) >= timedelta(seconds=HURRIED) * EARLY


@pytest.mark.promise(78)
def test_the_queue_tells_how_much_waits_since_when() -> None:
    before = timezone.now()
    assert queue().waiting == 0
    for _ in range(2):
        app.send_task("jobs.tasks.purge")

    found = queue()

    assert (found.waiting, found.in_hand) == (2, 0)
    assert found.oldest
    assert before <= found.oldest <= timezone.now()


@pytest.mark.promise(78)
def test_a_job_that_has_never_run_is_due_at_every_start_of_beat() -> None:
    """The kind: a first turn that comes an interval after beat's start never comes where beat lives for less."""
    JobRun.objects.create(name=f"{PREFIX}retention", ran_at=timezone.now())

    schedule = Scheduler(app=app).schedule

    assert {name for name, entry in schedule.items() if entry.is_due().is_due} == schedule.keys() - {"retention"}
