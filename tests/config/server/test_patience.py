"""How long the server waits for clients, and for how many at once: tested with a patience of one second.

The kind of fault: something that anonymous clients can repeat or prolong costs the server more each time.
"""

import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress

import pytest

from config.server.bounds import ALL_LARGE, LARGEST_BODY, SPARE_DESCRIPTORS
from config.variables import CHECKOUT
from tests.support.gunicorns import THREADS, WORKERS, Site, read, running, statuses
from tests.support.strangers import KINDS, crowd
from tests.support.waiting import until

pytestmark = [pytest.mark.process, pytest.mark.alone]

HASTY = ("-k", "tests.support.hasty.Worker")
CONNECTIONS = 16  # a worker's
LONG = b"GET /long HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
WAIT = b"GET /wait HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(tmp_path_factory.mktemp("hasty") / "log", *HASTY, app="tests.support.echoing") as site:
        yield site


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    more = (*HASTY, "--worker-connections", str(CONNECTIONS))
    with running(tmp_path_factory.mktemp("narrow") / "log", *more, app="tests.support.echoing") as site:
        yield site


BEGUN = [kind for kind, what in KINDS.items() if what.reads and kind not in {"nothing", "told_to_continue"}]


@pytest.mark.parametrize("kind", BEGUN)
@pytest.mark.promise(96)
def test_an_incomplete_request_is_answered_with_a_timeout(hasty: Site, kind: str) -> None:
    with hasty.connect() as connection:
        began = time.monotonic()
        connection.sendall(KINDS[kind].first)
        connection.settimeout(0.1)
        answers = b""
        while time.monotonic() - began < 20:
            try:
                piece = connection.recv(65_536)
            except TimeoutError:
                connection.sendall(KINDS[kind].drip)
                continue
            if not piece:
                break
            answers += piece
        took = time.monotonic() - began

    assert answers.count(b"HTTP/1.1 408 Request Timeout\r\n") == 1
    assert b"did not arrive in time" in answers
    assert took < 15


@pytest.mark.promise(96)
def test_a_client_that_does_not_continue_is_answered_with_a_timeout(hasty: Site) -> None:
    with hasty.connect() as connection:
        connection.sendall(KINDS["told_to_continue"].first)

        assert statuses(connection) == [408]  # http.client skips the 100


@pytest.mark.promise(96)
def test_a_silent_connection_is_closed_without_a_response(hasty: Site) -> None:
    with hasty.connect() as connection:
        assert connection.recv(1) == b""


@pytest.mark.promise(96)
def test_clients_that_do_not_read_long_answers_hold_at_most_half_of_the_threads(hasty: Site) -> None:
    with ExitStack() as stack:
        for _ in range(3 * WORKERS * THREADS):
            stack.enter_context(hasty.connect(receives=4096)).sendall(LONG)
        worst = max(hasty.took("/health/live") for _ in range(20))
        until(lambda: hasty.lines("reason=reader_too_slow"), seconds=60)

    assert worst < 1


@pytest.mark.promise(96)
def test_above_the_limit_of_connections_the_oldest_incomplete_ones_are_closed(narrow: Site) -> None:
    with ExitStack() as stack:
        strangers = [stack.enter_context(narrow.connect()) for _ in range(4 * WORKERS * CONNECTIONS)]
        for connection in strangers:
            with suppress(ConnectionError):
                connection.sendall(KINDS["half_a_head"].first)
        worst = max(narrow.took("/health/live") for _ in range(10))
        until(lambda: narrow.lines("reason=too_many_connections"), seconds=5)
        over = [_is_closed(connection) for connection in strangers]

    closed = [number for number, is_over in enumerate(over) if is_over]
    assert worst < 1
    assert len(closed) >= len(strangers) - WORKERS * CONNECTIONS
    assert statistics.mean(closed) < len(strangers) / 2


@pytest.mark.promise(96)
def test_kept_alive_connections_leave_room(narrow: Site) -> None:
    with ExitStack() as stack:
        for _ in range(4 * WORKERS * CONNECTIONS):
            connection = stack.enter_context(narrow.connect())
            connection.sendall(LONG.replace(b"/long", b"/here"))
            assert read(connection).status == 200


@pytest.mark.promise(96)
def test_complete_requests_that_would_wait_too_long_are_refused_with_a_page(narrow: Site) -> None:
    found: list[int] = []
    with ExitStack() as stack:
        waiting = [stack.enter_context(narrow.connect()) for _ in range(2 * WORKERS * CONNECTIONS)]
        for connection in waiting:
            connection.sendall(WAIT)
        for connection in waiting:
            found += statuses(connection)

    assert set(found) == {200, 503}
    assert found.count(200) >= WORKERS * THREADS


@pytest.mark.promise(96)
def test_long_bodies_together_stay_within_bounds(hasty: Site) -> None:
    head = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\na" % LARGEST_BODY
    with ExitStack() as stack:
        for _ in range(3 * ALL_LARGE // LARGEST_BODY):
            stack.enter_context(hasty.connect()).sendall(head)
        until(lambda: hasty.lines("reason=too_many_large_bodies"), seconds=5)
        with hasty.connect() as connection:
            connection.sendall(head + b"a" * (LARGEST_BODY - 1))
            assert read(connection).status == 200


def took_with_patience(site: Site, path: str) -> float:
    """Return the seconds until a page is served to a client that retries when it is refused.

    With few connections and strangers that reconnect at once, a connection that sends its request a moment later may
    be the oldest incomplete one already.
    """
    began = time.monotonic()
    while time.monotonic() - began < 10:
        with suppress(ConnectionError):
            site.took(path)
            break
    return time.monotonic() - began


@pytest.mark.promise(96)
def test_open_files_are_never_more_than_the_process_may_have(tmp_path_factory: pytest.TempPathFactory) -> None:
    log = tmp_path_factory.mktemp("files") / "log"
    files = SPARE_DESCRIPTORS + 24
    with running(log, app="tests.support.echoing", files=files) as site, crowd(site, "half_a_head", size=4 * files):
        pids = site.workers()
        worst = max(took_with_patience(site, "/health/live") for _ in range(20))

        assert worst < 1
        assert site.workers() == pids
        assert all(len(os.listdir(f"/proc/{pid}/fd")) < files for pid in pids)  # noqa: PTH208  # the kernel's own list


@pytest.mark.promise(96)
def test_at_shutdown_it_does_not_wait_for_incomplete_requests(tmp_path_factory: pytest.TempPathFactory) -> None:
    log = tmp_path_factory.mktemp("stopping") / "log"
    with running(log, app="tests.support.echoing") as site, ExitStack() as stack:
        for kind in ("nothing", "half_a_head", "half_a_body", "never_read_many", "never_close"):
            for _ in range(20):
                connection = stack.enter_context(site.connect(receives=KINDS[kind].receives))
                connection.sendall(KINDS[kind].first)
        whole = stack.enter_context(site.connect())
        whole.sendall(WAIT)
        _until_at_work(site)
        began = time.monotonic()
        os.kill(site.pid, signal.SIGTERM)

        assert read(whole).status == 200
        until(lambda: len(site.lines("Worker exiting")) == WORKERS, seconds=20)
        assert time.monotonic() - began < 5


@pytest.mark.promise(96)
def test_a_worker_that_is_replaced_loses_no_request(tmp_path_factory: pytest.TempPathFactory) -> None:
    log = tmp_path_factory.mktemp("replaced") / "log"
    with running(log, "--max-requests", "20", app="tests.support.echoing") as site:
        found = [site.get("/here")[0] for _ in range(60)]

        assert set(found) == {200}
        assert site.lines("Autorestarting worker")


@pytest.mark.promise(96)
def test_it_does_not_start_with_options_under_which_a_thread_reads() -> None:
    command = [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "--proxy-protocol=auto", "config.wsgi"]
    ended = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=False)

    assert ended.returncode != 0
    assert "speaks HTTP/1.1 alone" in ended.stderr


def _is_closed(connection: socket.socket) -> bool:
    connection.settimeout(0.01)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True


def _until_at_work(site: Site) -> None:
    """Wait until a request that was sent later is answered: the earlier one has been accepted then."""
    for _ in range(4):
        site.get("/here")
