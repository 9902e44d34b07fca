"""A process that uses rate limits of the API from several threads, and prints how many uses passed."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from config.variables import CHECKOUT


@contextmanager
def taker(**options: Any) -> Iterator["Taker"]:
    """Start a process that is ready to take: ``threads``, ``times`` for each, ``most``, ``seconds``, ``pause``.

    ``REDIS_URL`` may name another server. The process gets the environment of the tests.
    """
    environment = {**os.environ, **({"REDIS_URL": options.pop("redis_url")} if "redis_url" in options else {})}
    command = [sys.executable, "-m", "tests.support.takers", json.dumps(options)]
    with subprocess.Popen(
        command, cwd=CHECKOUT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Taker(process)
        finally:
            process.kill()


class Taker:
    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def wait_ready(self) -> None:
        assert self._process.stdout
        assert self._process.stdout.readline() == "ready\n"

    def begin(self) -> None:
        assert self._process.stdin
        self._process.stdin.write("begin\n")
        self._process.stdin.flush()

    def passed(self) -> int:
        """Wait until the process is done, and return how many of its uses passed."""
        assert self._process.stdout
        return next(int(json.loads(line)["passed"]) for line in self._process.stdout if line.startswith("{"))


def _main(options: dict[str, Any]) -> None:
    import django  # noqa: PLC0415  # not in the process of the tests, which has set it up

    django.setup()
    from django.db import connection  # noqa: PLC0415  # after the set-up, as the next

    from accounts.sign_in import api_limits  # noqa: PLC0415
    from accounts.sign_in.rate_limits import Limit  # noqa: PLC0415

    limits = [
        (Limit(kind="tests.credential", most=options["most"], seconds=options["seconds"]), "a"),
        (Limit(kind="tests.client", most=10 * options["most"], seconds=options["seconds"]), "b"),
    ]
    passed: list[int] = []

    def use() -> None:
        count = 0
        for _ in range(options["times"]):
            count += api_limits.take(limits).is_within
            time.sleep(options.get("pause", 0))
        passed.append(count)
        connection.close()

    threads = [threading.Thread(target=use) for _ in range(options["threads"])]
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.stdout.write(json.dumps({"passed": sum(passed)}) + "\n")


if __name__ == "__main__":
    _main(json.loads(sys.argv[1]))
