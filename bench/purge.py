"""`python -m bench.purge`: what the removal of expired sessions costs, and how it affects sign-ins (target 12).

A million expired sessions are mixed with 200,000 live ones, in our table and in one like Django's, in the same
cluster. In each round both are refilled and purged in turn while people sign in as fast as they can, and then people
sign in without a purge.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median
from typing import Any

from bench.client import Order
from bench.crowd import Crowd
from bench.measuring import Measured
from bench.ours import Vestibule
from bench.provider import people
from bench.rounds import order, percentile
from bench.running import DATABASE, Running
from bench.wire import Unexpected
from config.embedded.child import CannotStart
from config.variables import CHECKOUT

OURS, THEIRS = "ours", "clearsessions"
AT_ONCE = 8  # sign-ins of one order; those that began during a purge count

TABLE = """
    CREATE TABLE IF NOT EXISTS django_session (
        session_key varchar(40) PRIMARY KEY, session_data text NOT NULL, expire_date timestamptz NOT NULL
    );
    CREATE INDEX IF NOT EXISTS django_session_expire ON django_session (expire_date);
    GRANT ALL ON django_session TO PUBLIC;
"""
ROWS = """
    SELECT 'bench' || lpad(n::text, 27, '0') AS session_key, repeat('x', 400) AS session_data,
        CASE WHEN n %% 1000 < %(live_in_1000)s THEN now() + n * interval '1 second' / 10 + interval '1 hour'
            ELSE now() - n * interval '1 second' / 10 - interval '1 hour' END AS expire_date
    FROM generate_series(1, %(rows)s) n
"""
FILL = {
    OURS: "INSERT INTO accounts_session (session_key, session_data, expire_date, user_agent, ip_address)"
    " SELECT session_key, session_data, expire_date, 'Mozilla/5.0 (X11; Linux x86_64)', '192.0.2.1' FROM ({rows}) rows",
    THEIRS: "INSERT INTO django_session {rows}",
}
REMOVE = "DELETE FROM {table} WHERE session_key LIKE 'bench%'"
LEFT = """
    SELECT count(*) FILTER (WHERE expire_date < now()), count(*) FILTER (WHERE expire_date >= now())
    FROM {table} WHERE session_key LIKE 'bench%'
"""
NAMES = {OURS: "accounts_session", THEIRS: "django_session"}


@dataclass
class Outcome:
    reports: dict[str, list[dict[str, float]]] = field(default_factory=dict)
    latencies: dict[str, list[float]] = field(default_factory=dict)  # seconds of sign-ins: during each, and without


class Bench:
    """A site with people, and the process that purges."""

    def __init__(self, running: Running, crowd: Crowd, worker: subprocess.Popen[str], expired: int, live: int) -> None:
        self.running, self.worker, self.expired, self.live = running, worker, expired, live
        self.crowd, self.measured = crowd, Measured(running, crowd, lanes=2)
        self.door = self.measured.door("google")

    def fill(self, name: str) -> None:
        table, rows = NAMES[name], self.expired + self.live
        with self.running.postgres.connect(DATABASE) as connection:
            connection.autocommit = True
            connection.execute(REMOVE.format(table=table).encode())
            connection.execute(f"VACUUM {table}".encode())
            share = {"rows": rows, "live_in_1000": round(1000 * self.live / rows)}
            connection.execute(FILL[name].format(rows=ROWS).encode(), share)
            connection.execute(f"VACUUM ANALYZE {table}".encode())
            connection.execute("CHECKPOINT")

    def left(self, name: str) -> tuple[int, int]:
        """Return the numbers of expired and of live rows."""
        with self.running.postgres.connect(DATABASE) as connection:
            expired, live = connection.execute(LEFT.format(table=NAMES[name]).encode()).fetchone() or (0, 0)
            return expired, live

    def purge(self, name: str, outcome: Outcome) -> None:
        """Purge while people sign in, and record the times of both."""
        self.fill(name)
        before = self.left(name)
        ended, report = threading.Event(), dict[str, float]()

        def wait() -> None:
            report.update(self._ask_worker(name))
            ended.set()

        waiting = threading.Thread(target=wait)
        waiting.start()
        found = outcome.latencies.setdefault(name, [])
        while True:
            found.extend(self.sign_ins())
            if ended.is_set():
                break
        waiting.join()
        if self.left(name) != (0, before[1]):
            raise Unexpected(f"{name} left {self.left(name)} of {before}")
        outcome.reports.setdefault(name, []).append(report)

    def rest(self, outcome: Outcome) -> None:
        """Let as many people sign in without a purge."""
        wanted = max(len(found) for found in outcome.latencies.values()) if outcome.latencies else 10 * AT_ONCE
        found = outcome.latencies.setdefault("without", [])
        while len(found) < wanted:
            found.extend(self.sign_ins())

    def sign_ins(self) -> list[float]:
        ordered = Order(
            base=self.running.url,
            operations=AT_ONCE,
            lanes=2,
            provider=self.running.provider.url,
            door=self.door,
            people=people("google"),
        )
        return self.crowd.carry_out(ordered).latencies

    def _ask_worker(self, name: str) -> dict[str, float]:
        assert self.worker.stdin is not None  # noqa: S101  # a pipe
        assert self.worker.stdout is not None  # noqa: S101
        self.worker.stdin.write(name + "\n")
        self.worker.stdin.flush()
        report: dict[str, float] = json.loads(self.worker.stdout.readline() or '{"failed": 1}')
        if "failed" in report:
            raise Unexpected("the process that purges has ended")
        return report


@contextmanager
def _worker(running: Running) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-m", "bench.purge_worker"]
    environment = {**running.environment, "DJANGO_SETTINGS_MODULE": "config.settings"}
    with subprocess.Popen(  # noqa: S603  # our own module
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as worker:
        try:
            yield worker
        finally:
            worker.kill()


def carry_out(expired: int, live: int, rounds: int) -> Outcome:
    outcome = Outcome()
    with ExitStack() as stack:
        crowd = stack.enter_context(Crowd())
        running = stack.enter_context(Running(Vestibule()))
        with running.postgres.connect(DATABASE) as connection:
            connection.execute(TABLE)
        running.start_web()
        worker = stack.enter_context(_worker(running))
        bench = Bench(running, crowd, worker, expired, live)
        bench.measured.warm_up()
        for number, names in enumerate(order([OURS, THEIRS], rounds), 1):
            _say(f"round {number} of {rounds}: {', '.join(names)}")
            for name in names:
                bench.purge(name, outcome)
            bench.rest(outcome)
    return outcome


def report(outcome: Outcome, expired: int, live: int, begun: datetime) -> str:
    def of(name: str, figure: str, make: Any = median) -> float:
        return float(make([one[figure] for one in outcome.reports[name]]))

    p99 = {name: 1000 * percentile(found, 0.99) for name, found in outcome.latencies.items()}
    ratio = of(OURS, "seconds") / of(THEIRS, "seconds")
    slower = p99[OURS] / p99["without"]
    longest, memory = of(OURS, "longest_ms", max), of(OURS, "memory_mb", max)
    head = (
        f"{begun:%Y-%m-%d}, {os.cpu_count()} cores; {expired} expired and {live} live sessions; "
        f"{len(outcome.reports[OURS])} rounds, {len(outcome.latencies['without'])} sign-ins without a purge."
    )
    rows = [
        ("time of a purge", "s", of(OURS, "seconds"), of(THEIRS, "seconds"), "≤ 1.5 of it", ratio <= 1.5),
        ("longest statement", "ms", longest, of(THEIRS, "longest_ms", max), "≤ 25", longest <= 25),
        ("sign-in p99 meanwhile", "ms", p99[OURS], p99[THEIRS], f"≤ 1.2 of {p99['without']:.0f}", slower <= 1.2),
        ("memory of the process", "MB", memory, of(THEIRS, "memory_mb", max), "≤ 200", memory <= 200),
    ]
    table = ["|    | what | unit | ours | clearsessions | must | verdict |", "|---|---|---|---|---|---|---|"]
    table += [
        f"| 12 | {what} | {unit} | {mine:.3g} | {its:.3g} | {must} | {'must' if is_well else 'MISSED'} |"
        for what, unit, mine, its, must, is_well in rows
    ]
    return "\n".join([head, "", *table]) + "\n"


def main() -> int:
    os.chdir(CHECKOUT)
    signal.signal(signal.SIGTERM, _leave)
    parser = argparse.ArgumentParser(prog="python -m bench.purge", description=__doc__)
    parser.add_argument("--expired", type=int, default=1_000_000)
    parser.add_argument("--live", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    begun = datetime.now(tz=UTC)
    try:
        outcome = carry_out(arguments.expired, arguments.live, arguments.rounds)
    except (CannotStart, Unexpected) as failed:
        _say(f"the benchmark failed: {failed}")
        return 1
    sys.stdout.write(report(outcome, arguments.expired, arguments.live, begun))
    return 0


def _leave(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def _say(words: str) -> None:
    sys.stderr.write(f"bench: {words}\n")


if __name__ == "__main__":
    sys.exit(main())
