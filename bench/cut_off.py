"""`python -m bench.cut_off`: how soon four processes refuse all credentials of an account after a cut-off.

Each try gives a person one credential of each class, checks that all four processes accept each of them, cuts the
person off in a fifth process, and polls all four until none accepts anything. Half of the tries flush Redis first.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any

from bench.ours import Vestibule
from bench.rounds import percentile
from bench.running import Running, stop
from bench.wire import Connection, Unexpected
from config.embedded import child
from config.embedded.child import CannotStart
from config.embedded.programs import any_free_port
from config.variables import CHECKOUT

PROCESSES = 4
CLASSES = ("sessions", "mailed_links", "upstream_tokens")
MUST, PATIENCE = 2.0, 10.0  # seconds
Alive = Callable[[dict[str, str]], bool]
Found = dict[tuple[str, bool], list[float]]


class Worker:
    """A process of the product that carries out orders."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self.process = process

    def __call__(self, do: str, **what: Any) -> dict[str, Any]:
        assert self.process.stdin is not None  # noqa: S101  # a pipe
        assert self.process.stdout is not None  # noqa: S101
        self.process.stdin.write(json.dumps({"do": do, **what}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise Unexpected("a process of the product has ended")
        answer: dict[str, Any] = json.loads(line)
        return answer


@contextmanager
def working(running: Running) -> Iterator[Worker]:
    environment = {**running.environment, "DJANGO_SETTINGS_MODULE": "config.settings"}
    command = [sys.executable, "-m", "bench.cut_off_worker"]
    with subprocess.Popen(  # noqa: S603  # our own module
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Worker(process)
        finally:
            process.kill()


@contextmanager
def serving(running: Running, number: int) -> Iterator[str]:
    """Run one web process, and yield its URL."""
    port = any_free_port()
    command = [*running.target.command(port), "--workers", "1"]
    process = child.start(command, environment=running.environment, log=running.place.log(f"web{number}"))
    try:
        _wait_for(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        stop(process, signal.SIGTERM)


def _wait_for(base: str, process: "subprocess.Popen[bytes]") -> None:
    begun = time.monotonic()
    while True:
        try:
            Connection(base).__exit__()
        except OSError:
            if process.poll() is not None or time.monotonic() - begun > 60:
                raise CannotStart("a web process does not answer") from None
            time.sleep(0.05)
        else:
            return


def eyes(base: str, worker: Worker) -> dict[str, Alive]:
    """Return a function for each class of credentials that checks whether one process still accepts it."""

    def status(path: str, cookies: str = "") -> int:
        with Connection(base) as site:
            return site.ask("GET", path, cookies=cookies).status

    return {
        "sessions": lambda given: status("/api/v1/me", f"sessionid={given['session']}") == 200,
        "mailed_links": lambda given: status(f"/accounts/links/{given['link']}/") == 200,
        "upstream_tokens": lambda given: bool(worker("token", person=given["person"])["alive"]),
    }


def one_try(processes: list[dict[str, Alive]], acting: Worker, *, flush: bool, close: bool, found: Found) -> None:
    given = acting("give")
    for name in CLASSES:
        if not all(alive[name](given) for alive in processes):
            raise Unexpected(f"{name}: a process does not accept a new credential")
    begun = time.monotonic()
    acting("cut", person=given["person"], flush=flush, close=close)
    waiting = set(CLASSES)
    while waiting:
        for name in sorted(waiting):
            if not any(alive[name](given) for alive in processes):
                found.setdefault((name, flush), []).append(time.monotonic() - begun)
                waiting.discard(name)
        if time.monotonic() - begun > PATIENCE:
            raise Unexpected(f"still alive after {PATIENCE} s: {sorted(waiting)}")


def carry_out(tries: int) -> Found:
    found: Found = {}
    with ExitStack() as stack:
        running = stack.enter_context(Running(Vestibule()))
        acting = stack.enter_context(working(running))
        processes = [
            eyes(stack.enter_context(serving(running, number)), stack.enter_context(working(running)))
            for number in range(PROCESSES)
        ]
        for number in range(tries):
            one_try(processes, acting, flush=number % 2 == 0, close=number % 4 < 2, found=found)
    return found


def report(found: Found, begun: datetime) -> tuple[str, bool]:
    tries = sum(len(seconds) for (name, _), seconds in found.items() if name == CLASSES[0])
    until = f"from the call until none of {PROCESSES} processes accepts it any more"
    lines = [
        f"{begun:%Y-%m-%d}, {os.cpu_count()} cores; {tries} tries; {until}.",
        "",
        "| class | Redis | tries | p50 ms | p99 ms | must | verdict |",
        "|---|---|---|---|---|---|---|",
    ]
    is_well = True
    for (name, flush), seconds in sorted(found.items()):
        p99 = percentile(seconds, 0.99)
        is_well = is_well and p99 <= MUST
        redis = "flushed before" if flush else "left alone"
        verdict = "must" if p99 <= MUST else "MISSED"
        middle = 1000 * percentile(seconds, 0.5)
        lines.append(f"| {name} | {redis} | {len(seconds)} | {middle:.0f} | {1000 * p99:.0f} | ≤ 2000 | {verdict} |")
    return "\n".join(lines) + "\n", is_well


def main() -> int:
    os.chdir(CHECKOUT)
    parser = argparse.ArgumentParser(prog="python -m bench.cut_off", description=__doc__)
    parser.add_argument("--tries", type=int, default=200)
    tries = parser.parse_args().tries
    begun = datetime.now(tz=UTC)
    try:
        text, is_well = report(carry_out(tries), begun)
    except (CannotStart, Unexpected) as failed:
        sys.stderr.write(f"bench: the benchmark failed: {failed}\n")
        return 1
    sys.stdout.write(text)
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
