"""TLS by gunicorn's own socket: the poller does the handshake too, and sends the rest of a response to a slow reader.

The kind of fault: a thread waits for a client's next step, in any layer.
"""

import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from http.client import RemoteDisconnected
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from config.server.bounds import PATIENCE
from tests.support.gunicorns import THREADS, WORKERS, Site, read, running
from tests.support.strangers import crowd

pytestmark = pytest.mark.process

GET = b"GET /first HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a certificate for localhost, valid for an hour."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file = tmp_path_factory.mktemp("certificate") / "both.pem"
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture(scope="module")
def site(certificate: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    more = ("--certfile", str(certificate))
    tls = ssl.create_default_context(cafile=str(certificate))
    with running(tmp_path_factory.mktemp("tls") / "log", *more, app="tests.support.echoing", tls=tls) as site:
        yield site


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
