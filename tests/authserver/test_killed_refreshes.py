"""A process that is killed during a refresh, and one that starts anew: there is always exactly one usable token."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from random import Random
from typing import IO, Any, cast

import psycopg
import pytest
from django.core.cache import cache
from django.db import connection

from accounts.models import User
from authserver.models import RefreshPolicy, TokenFamily
from authserver.tokens.refresh_tokens import RefreshToken
from config.variables import CHECKOUT
from foundation.derived_tokens import current_key
from tests.support.authorized import App, refused
from tests.support.oauth import basic
from tests.support.servers import Servers
from tests.support.waiting import until

ROUNDS = 30
SEED = 20261129
NAME = "doomed-refresh"  # the application_name of their connections

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]


class Processes:
    """The process that starts one process for each refresh."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.told, self.said = cast("IO[str]", process.stdin), cast("IO[str]", process.stdout)
        assert self.next("ready") == []

    def start(self, app: App, token: str) -> int:
        self.told.write(f"{basic(app.client.client_id, app.secret)}\t{token}\n")
        self.told.flush()
        return int(self.next("started")[0])

    def answer(self, app: App, token: str) -> list[str]:
        """Return the status and the error code of a refresh in a new process."""
        self.start(app, token)
        return self.next("answer")

    def next(self, kind: str) -> list[str]:
        """Return the next line of a kind. Log lines, and answers of those killed too late, are passed over."""
        while line := self.said.readline():
            if line.startswith(f"> {kind}"):
                return line.split()[2:]
        raise EOFError(kind)


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    with subprocess.Popen(
        [sys.executable, "-m", "tests.authserver.doomed_refresh"],
        cwd=CHECKOUT,
        env={**os.environ, "PGAPPNAME": NAME},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Processes(process)
        process.kill()


@pytest.fixture
def ada() -> User:
    return User.objects.create_user(username="ada", name="Ada")


def generation() -> int:
    return TokenFamily.objects.get().generation


def waiting() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND wait_event_type = 'Lock'", [NAME]
        )
        return int(cursor.fetchone()[0])


def connections() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [NAME])
        return int(cursor.fetchone()[0])


@pytest.mark.promise(61)
def test_killed_at_any_moment_a_refresh_leaves_one_usable_token(processes: Processes, ada: User) -> None:
    chance = Random(SEED)  # noqa: S311  # to be repeated, not to be secret
    app = App.registered(refresh_policy=RefreshPolicy.AGENT)
    token = app.tokens(ada)["refresh_token"]
    family = TokenFamily.objects.get().pk
    lost, longest = 0, 0.5
    for number in range(ROUNDS):
        pid = processes.start(app, token)
        time.sleep(chance.random() * longest)
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        until(lambda: connections() == 0, seconds=20)
        was_used = TokenFamily.objects.get(pk=family).generation == number + 1
        lost += was_used
        longest *= 0.8 if was_used else 1.3  # seconds: most are killed around the moment of the commit
        successor = RefreshToken(family=family, generation=number + 1).text(current_key())
        if not was_used:
            assert refused(app.refresh(successor)) == "invalid_grant", "it was not issued"
        answer = app.refresh(token)
        assert (answer.status_code, answer.json().get("refresh_token")) == (200, successor)
        token = successor
    assert 0 < lost < ROUNDS
    left = TokenFamily.objects.get(pk=family)
    assert (left.generation, left.revoked_at) == (ROUNDS, None)


@pytest.mark.promise(61)
@pytest.mark.parametrize("policy", RefreshPolicy)
@pytest.mark.parametrize("what", ["process", "connection"])
def test_killed_between_the_use_and_the_answer_the_token_is_unused(
    processes: Processes, ada: User, servers: Servers, policy: RefreshPolicy, what: str
) -> None:
    """It has counted the generation up, and waits for a lock of somebody else before it can commit that."""
    app = App.registered(refresh_policy=policy)
    token = app.tokens(ada)["refresh_token"]
    with psycopg.connect(servers.superuser_url) as holding:
        holding.execute("LOCK TABLE accounts_membership IN ACCESS EXCLUSIVE MODE")
        pid = processes.start(app, token)
        until(waiting, seconds=20)
        if what == "process":
            os.kill(pid, signal.SIGKILL)
        else:
            holding.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s", [NAME]
            )
            assert processes.next("answer") == ["503", "temporarily_unavailable"]
        holding.rollback()
    until(lambda: connections() == 0, seconds=20)
    assert generation() == 0
    assert processes.answer(app, token) == ["200", "none"]
    assert generation() == 1


@pytest.mark.promise(60, 61)
@pytest.mark.parametrize("policy", [RefreshPolicy.STRICT, RefreshPolicy.WEB])
def test_a_replay_is_refused_by_a_new_process_and_without_redis(
    processes: Processes, ada: User, policy: RefreshPolicy, settings: Any
) -> None:
    """As in CVE-2026-9802 of Keycloak: what was revoked was usable again after a restart."""
    settings.REFRESH_REUSE_WINDOW = None
    app = App.registered(refresh_policy=policy)
    old = app.tokens(ada)["refresh_token"]
    new = app.refresh(old).json()["refresh_token"]
    assert refused(app.refresh(old)) == "invalid_grant"
    cache.clear()
    for token in (old, new, old):
        assert processes.answer(app, token) == ["400", "invalid_grant"]


@pytest.mark.promise(61)
def test_a_new_process_without_redis_continues_with_the_same_token(processes: Processes, ada: User) -> None:
    app = App.registered()
    token = app.tokens(ada)["refresh_token"]
    cache.clear()
    assert processes.answer(app, token) == ["200", "none"]
