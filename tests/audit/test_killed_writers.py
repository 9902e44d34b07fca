"""Two hundred rounds of concurrent writers, killed and rolled back at random: the trail has exactly what survived."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import IO, cast

import pytest
from django.contrib.auth.models import Group
from django.db import connection

from accounts.models import User
from audit.models import Entry
from config.variables import CHECKOUT
from tests.audit.doomed import HOT
from tests.audit.truth import exactly_what_happened
from tests.support.waiting import until

ROUNDS = 200
WRITERS = 3
SEED = 20261121
NAME = "doomed"  # the application_name of their connections
KILLED = 0.85  # the part of all writers that is killed; the others finish
LONGEST = 0.06  # seconds before a writer is killed

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("witness")]


class Writers:
    """The process that starts the writers, one for each seed."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.told, self.said = cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)

    def start(self, seed: int) -> int:
        self.told.write(f"{seed}\n")
        self.told.flush()
        return int(self.said.readline())


@pytest.fixture
def writers() -> Iterator[Writers]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.audit.doomed"],
        cwd=CHECKOUT,
        env={**os.environ, "PGAPPNAME": NAME, "PGOPTIONS": "-c lock_timeout=100ms"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Writers(process)
        process.kill()


@pytest.mark.promise(74)
def test_after_200_rounds_of_kill_9_and_rollbacks_each_surviving_change_has_one_entry(writers: Writers) -> None:
    chance = Random(SEED)  # noqa: S311  # to be repeated, not to be secret
    Group.objects.bulk_create([Group(name=f"hot {number}") for number in range(HOT)])
    before = {"auth_group": Group.objects.count(), "accounts_user": User.objects.count()}
    killed = 0
    with exactly_what_happened() as entries:
        for number in range(ROUNDS):
            for pid in [writers.start(SEED + number * WRITERS + one) for one in range(WRITERS)]:
                time.sleep(chance.random() * LONGEST)
                killed += chance.random() < KILLED and _kill(pid)
        until(_all_gone, seconds=20)

    assert 0 < killed < ROUNDS * WRITERS
    assert len(entries) > ROUNDS
    for table, rows in ((Group, before["auth_group"]), (User, before["accounts_user"])):
        told = _told_of(table._meta.db_table, entries)
        assert rows + told["create"] - told["delete"] == table.objects.count()


def _kill(pid: int) -> bool:
    """Kill a writer. Return whether it was still running."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _all_gone() -> bool:
    """Whether all their server processes have ended. These finish the last statement even of a dead client."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [NAME])
        return bool(cursor.fetchone() == (0,))


def _told_of(table: str, entries: list[Entry]) -> Counter[str]:
    return Counter(entry.action for entry in entries if entry.object_table == table)
