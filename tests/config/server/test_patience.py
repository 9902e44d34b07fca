"""How long the server waits for clients, and for how many at once.

The kind of fault: something that anonymous clients can repeat or prolong costs the server more each time.
What ends by a time limit is tested with a patience of one second. That nobody is delayed is tested with the product's
own patience of ten: whoever had to wait for a stranger would wait that long, and a busy machine alone delays nobody by
half of it.
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

from config.server.bounds import ALL_LARGE, LARGEST_BODY, PATIENCE, SPARE_DESCRIPTORS
from config.variables import CHECKOUT
from tests.support.gunicorns import THREADS, WORKERS, Site, read, running, statuses
from tests.support.strangers import KINDS, crowd
from tests.support.waiting import until

pytestmark = pytest.mark.process

HASTY = ("-k", "tests.support.hasty.Worker")
CONNECTIONS = 16  # a worker's
WAITED_FOR_A_STRANGER = PATIENCE / 2  # seconds
LONG = b"GET /long HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
WAIT = b"GET /wait HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def hasty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(tmp_path_factory.mktemp("hasty") / "log", *HASTY, app="tests.support.echoing") as site:
        yield site


@pytest.fixture(scope="module")
def patient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(tmp_path_factory.mktemp("patient") / "log", app="tests.support.echoing") as site:
        yield site


@pytest.fixture(scope="module")
def narrow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    more = ("--worker-connections", str(CONNECTIONS))
    with running(tmp_path_factory.mktemp("narrow") / "log", *more, app="tests.support.echoing") as site:
        yield site


BEGUN = [kind for kind, what in KINDS.items() if what.reads and kind not in {"nothing", "told_to_continue"}]


@pytest.mark.promise(96)
def test_an_incomplete_request_is_answered_with_a_timeout(hasty: Site) -> None:
    """All kinds wait at the same time. One that is never answered is not there in the end."""
    with ExitStack() as stack:
        answers = _answers_of({kind: stack.enter_context(hasty.connect()) for kind in BEGUN}, seconds=30)

    assert [kind for kind in BEGUN if kind not in answers] == [], "never closed"
    assert {kind: answers[kind].count(b"HTTP/1.1 408 Request Timeout\r\n") for kind in BEGUN} == dict.fromkeys(BEGUN, 1)
    assert [kind for kind in BEGUN if b"did not arrive in time" not in answers[kind]] == []


def _answers_of(connections: dict[str, socket.socket], *, seconds: float) -> dict[str, bytes]:
    """Send what each kind of stranger sends, until the server closes. Return what it answered to those it closed."""
    read: dict[str, bytes] = dict.fromkeys(connections, b"")
    closed: dict[str, bytes] = {}
    for kind, connection in connections.items():
        connection.sendall(KINDS[kind].first)
        connection.settimeout(0.01)
    deadline = time.monotonic() + seconds
    while len(closed) < len(connections) and time.monotonic() < deadline:
        for kind in connections.keys() - closed.keys():
            try:
                piece = connections[kind].recv(65_536)
            except TimeoutError:
                connections[kind].sendall(KINDS[kind].drip)
                continue
            read[kind] += piece
            if not piece:
                closed[kind] = read[kind]
    return closed


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
def test_clients_that_do_not_read_long_answers_hold_at_most_half_of_the_threads(patient: Site) -> None:
    with ExitStack() as stack:
        for _ in range(3 * WORKERS * THREADS):
            stack.enter_context(patient.connect(receives=4096)).sendall(LONG)
        worst = max(patient.took("/health/live") for _ in range(20))

    assert worst < WAITED_FOR_A_STRANGER


@pytest.mark.promise(96)
def test_a_client_that_does_not_read_a_long_answer_is_given_up(hasty: Site) -> None:
    with hasty.connect(receives=4096) as connection:
        connection.sendall(LONG)
        until(lambda: hasty.lines("reason=reader_too_slow"), seconds=60)


@pytest.mark.promise(96)
def test_above_the_limit_of_connections_the_oldest_incomplete_ones_are_closed(narrow: Site) -> None:
    with ExitStack() as stack:
        strangers = [stack.enter_context(narrow.connect()) for _ in range(4 * WORKERS * CONNECTIONS)]
        for connection in strangers:
            with suppress(ConnectionError):
                connection.sendall(KINDS["half_a_head"].first)
        worst = max(narrow.took("/health/live") for _ in range(10))
        until(lambda: narrow.lines("reason=too_many_connections"), seconds=30)
        over = [_is_closed(connection) for connection in strangers]

    closed = [number for number, is_over in enumerate(over) if is_over]
    assert worst < WAITED_FOR_A_STRANGER
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
def test_long_bodies_together_stay_within_bounds(patient: Site) -> None:
    head = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\na" % LARGEST_BODY
    with ExitStack() as stack:
        for _ in range(3 * ALL_LARGE // LARGEST_BODY):
            stack.enter_context(patient.connect()).sendall(head)
        until(lambda: patient.lines("reason=too_many_large_bodies"), seconds=30)
        with patient.connect() as connection:
            connection.sendall(head + b"a" * (LARGEST_BODY - 1))
            assert read(connection).status == 200


def took_with_patience(site: Site, path: str) -> float:
    """Return the seconds until a page is served to a client that retries when it is refused, at most PATIENCE.

    With few connections and strangers that reconnect at once, a connection that sends its request a moment later may
    be the oldest incomplete one already.
    """
    began = time.monotonic()
    while time.monotonic() - began < PATIENCE:
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

        assert worst < WAITED_FOR_A_STRANGER
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
        assert time.monotonic() - began < 8, "with their own time limit they would have had ten seconds"


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
