"""Celery workers: one in a thread of the test process, and one in its own process, as `make run` starts it."""

import logging
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from celery import Celery
from celery.contrib.testing.worker import start_worker
from django.core.cache import cache

from config.variables import CHECKOUT


@contextmanager
def working(app: Celery) -> Iterator[None]:
    """Run a worker on the real queue until the block ends, and restore the log configuration.

    Celery raises the level of the root logger, which would hide log lines that later tests expect.
    """
    root = logging.getLogger()
    level, handlers = root.level, list(root.handlers)
    try:
        with start_worker(app, pool="solo", perform_ping_check=False, shutdown_timeout=10):
            yield
    finally:
        root.setLevel(level)
        root.handlers[:] = handlers


def forget_messages() -> Any:
    """Drop the messages that other tests left for a worker, and return the broker's client."""
    messages: Any = cache._cache.get_client()  # type: ignore[attr-defined]  # noqa: SLF001
    messages.delete("celery", "unacked", "unacked_index")
    return messages


@contextmanager
def started(
    log: Path,
    environment: Mapping[str, str] | None = None,
    *,
    program: str = "worker",
    app: str = "config.celery",
    processes: int = 2,
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a worker or beat. At the end, kill it and its child processes if it has not ended by itself."""
    own = ["--concurrency", str(processes)] if program == "worker" else ["--pidfile="]
    command = [sys.executable, "-m", "celery", "-A", app, program, "-l", "info", *own]
    with log.open("w") as out:
        worker = subprocess.Popen(
            command, cwd=CHECKOUT, env={**os.environ, **(environment or {})}, stdout=out, stderr=out
        )
        try:
            yield worker
        finally:
            worker.kill()
            worker.wait()
