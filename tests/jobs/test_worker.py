"""A worker of its own, as `make run` starts it: it ends when it is asked to, and says truly what it has done."""

import signal
from pathlib import Path

import pytest

from config.celery import app
from tests.support.waiting import until
from tests.support.worker import forget_messages, started

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

JOBS = 400


@pytest.mark.promise(78)
def test_a_worker_that_is_stopped_amid_its_work_ends_at_once_and_gives_back_what_it_has_not_done(
    tmp_path: Path,
) -> None:
    messages = forget_messages()
    for _ in range(JOBS):
        app.send_task("celery.backend_cleanup")  # the quickest there is
    with started(tmp_path / "log") as worker:
        until(lambda: messages.llen("celery") < JOBS - 50, seconds=60)
        worker.send_signal(signal.SIGTERM)
        worker.wait(timeout=60)
    done = (tmp_path / "log").read_text().count(" succeeded in ")

    assert (done + messages.llen("celery"), messages.hlen("unacked")) == (JOBS, 0)
