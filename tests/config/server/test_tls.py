"""TLS by gunicorn's own socket: the poller does the handshake too, and sends the rest of a response to a slow reader.

The kind of fault: a thread waits for a client's next step, in any layer.
"""

import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import RemoteDisconnected
from pathlib import Path

import pytest

from config.server.bounds import PATIENCE
from config.variables import CHECKOUT
from tests.support.certificates import LOCALHOST, Authority, written
from tests.support.gunicorns import THREADS, WORKERS, Site, read, running
from tests.support.strangers import crowd

pytestmark = pytest.mark.process

GET = b"GET /first HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a certificate for localhost, valid for a day."""
    return written(
        tmp_path_factory.mktemp("certificate"), "both", Authority(name="CN=localhost").issue("CN=localhost", LOCALHOST)
    )


@pytest.fixture(scope="module")
def site(certificate: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    variables = {"TLS_CERTIFICATE": str(certificate), "TLS_KEY": str(certificate)}
    tls = ssl.create_default_context(cafile=str(certificate))
    log = tmp_path_factory.mktemp("tls") / "log"
    with running(log, app="tests.support.echoing", tls=tls, variables=variables) as site:
        yield site


def test_the_health_check_of_the_image_asks_over_tls(site: Site) -> None:
    variables = {"TLS_CERTIFICATE": "/tls/site.pem", "PORT": str(site.port)}
    for environment, code in ((variables, 0), ({"PORT": str(site.port)}, 1)):
        finished = subprocess.run([sys.executable, "-m", "config.alive"], cwd=CHECKOUT, env=environment, check=False)

        assert finished.returncode == code


@pytest.mark.parametrize("kind", ["nothing", "half_a_line", "half_a_hello"])
@pytest.mark.promise(96)
def test_unfinished_handshakes_hold_no_thread(site: Site, kind: str) -> None:
    with crowd(site, kind, size=10 * WORKERS * THREADS):
        worst = max(site.took("/health/live") for _ in range(20))

    assert worst < PATIENCE / 2, "a page waited for a stranger"


@pytest.mark.promise(96)
def test_unfinished_requests_over_tls_hold_no_thread(site: Site) -> None:
    with ExitStack() as stack:
        for _ in range(10 * WORKERS * THREADS):
            stack.enter_context(site.secure()).sendall(GET[:-4])
        worst = max(site.took("/health/live") for _ in range(10))

    assert worst < PATIENCE / 2, "a page waited for a stranger"


@pytest.mark.promise(96)
def test_many_requests_of_all_lengths_are_answered(site: Site) -> None:
    with site.secure() as connection:
        for size in (0, 1, 16_384, 16_385, 65_537, 1_048_576):
            head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % size
            connection.sendall(head + b"a" * size)
            assert b'"length": %d,' % size in read(connection).body
        connection.sendall(GET * 20)
        assert {read(connection).status for _ in range(20)} == {200}


@pytest.mark.promise(96)
def test_a_long_answer_reaches_a_slow_reader_whole(site: Site) -> None:
    with site.secure() as connection:
        connection.sendall(GET.replace(b"/first", b"/long") + GET)
        answer = read(connection)

        assert len(answer.body) == 400 * 15_000
        assert read(connection).status == 200


@pytest.mark.promise(96)
def test_a_client_without_tls_is_disconnected(site: Site) -> None:
    with site.connect() as connection:
        connection.sendall(GET)
        with pytest.raises((RemoteDisconnected, ConnectionResetError)):
            read(connection)

    assert site.get("/health/live")[0] == 200
