"""A worker of its own, as `make run` starts it: it ends when it is asked to, and says truly what it has done."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache

from config.celery import app
from config.environment import CHECKOUT
from tests.waiting import until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.promise(78)]

JOBS = 400


def test_a_worker_that_is_stopped_amid_its_work_ends_at_once_and_gives_back_what_it_has_not_done(
    tmp_path: Path,
) -> None:
    queue: Any = cache._cache.get_client()  # type: ignore[attr-defined]  # noqa: SLF001
    queue.delete("celery", "unacked", "unacked_index")
    for _ in range(JOBS):
        app.send_task("celery.backend_cleanup")  # the quickest there is
    command = [sys.executable, "-m", "celery", "-A", "config.celery", "worker", "--concurrency", "2", "-l", "info"]
    with (tmp_path / "log").open("w+") as log:
        worker = subprocess.Popen(command, cwd=CHECKOUT, env=dict(os.environ), stdout=log, stderr=log)
        try:
            until(lambda: queue.llen("celery") < JOBS - 50, seconds=60)
            worker.send_signal(signal.SIGTERM)
            begun = time.monotonic()
            worker.wait(timeout=60)
            took = time.monotonic() - begun
        finally:
            worker.kill()
            worker.wait()
        log.seek(0)
        done = log.read().count(" succeeded in ")

    assert took < 15
    assert (done + queue.llen("celery"), queue.hlen("unacked")) == (JOBS, 0)
