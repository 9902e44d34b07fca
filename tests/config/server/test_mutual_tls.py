"""Client certificates by our own TLS: they are verified in the handshake, and are services of the API.

The kind of fault: a certificate of another authority counts, or a header stands in for one.
"""

import json
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from authserver.models import CertificateName, ServiceAccount
from authserver.services import accounts
from tenancy import tenant_context
from tests.support.api import key
from tests.support.certificates import LOCALHOST, Authority, add, written
from tests.support.gunicorns import Answer, Site, read, running
from tests.support.services import READ, clerk, key_of_service, service
from tests.tenancy.conftest import town

__all__ = ["town"]

pytestmark = [pytest.mark.process, pytest.mark.django_db(transaction=True)]

OURS, ANOTHER = Authority(), Authority(key=ec.generate_private_key(ec.SECP256R1()))
BUILD = "CN=build,O=Engines"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mutual_tls")


@pytest.fixture(scope="module")
def site(django_db_setup: None, folder: Path) -> Iterator[Site]:
    server = str(written(folder, "server", OURS.issue("CN=localhost", LOCALHOST)))
    authority = str(written(folder, "authority", OURS.own()))
    variables = {"TLS_CERTIFICATE": server, "TLS_KEY": server, "CLIENT_CERTIFICATE_CA": authority}
    tls = ssl.create_default_context(cafile=authority)
    with running(folder / "log", tls=tls, variables=variables | {"TRUSTED_PROXIES": "127.0.0.1"}) as site:
        yield site


@pytest.fixture
def build(town: object) -> ServiceAccount:
    tenant = town.a.tenant  # type: ignore[attr-defined]  # a Town
    found = service(tenant, clerk(tenant, READ, name="Ada"), READ)
    add(found, CertificateName.SUBJECT, BUILD)
    return found


def client(site: Site, folder: Path, certificate: x509.Certificate | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(folder / "authority.pem"))
    if certificate:
        context.load_cert_chain(written(folder, "client", certificate))
    return context


def connect(site: Site, context: ssl.SSLContext, session: ssl.SSLSession | None = None) -> ssl.SSLSocket:
    return context.wrap_socket(site.connect(), server_hostname="localhost", session=session)


def ask(connection: ssl.SSLSocket, *headers: str, path: str = "/api/v1/me") -> Answer:
    lines = [f"GET {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]
    connection.sendall("\r\n".join(lines).encode())
    return read(connection)


def test_a_certificate_is_its_service_until_that_stops(site: Site, folder: Path, build: ServiceAccount) -> None:
    context = client(site, folder, OURS.issue(BUILD))
    with connect(site, context) as connection:
        assert [json.loads(ask(connection).body)["id"] for _ in range(2)] == [str(build.pk)] * 2
        session = connection.session
        build.is_active = False
        with tenant_context(build.tenant_id):
            accounts.save(build)

        assert ask(connection).status == 401
    with connect(site, context, session) as resumed:
        assert ask(resumed).status == 401, "and in a resumed session of TLS"


def test_a_resumed_session_has_the_same_certificate(site: Site, folder: Path, build: ServiceAccount) -> None:
    context, session, resumed = client(site, folder, OURS.issue(BUILD)), None, 0
    for _ in range(8):  # each worker has tickets of its own
        with connect(site, context, session) as connection:
            assert json.loads(ask(connection).body)["id"] == str(build.pk)
            session, resumed = connection.session, resumed + bool(connection.session_reused)

    assert resumed


@pytest.mark.parametrize("certificate", [ANOTHER.issue(BUILD), OURS.issue(BUILD, days=(-3, -1))], ids=["forged", "old"])
def test_a_certificate_that_tls_does_not_verify_ends_the_handshake(
    site: Site, folder: Path, build: ServiceAccount, certificate: x509.Certificate
) -> None:
    with pytest.raises((ssl.SSLError, ConnectionError)), connect(site, client(site, folder, certificate)) as connection:
        ask(connection)


@pytest.mark.promise(71)
def test_no_header_stands_in_for_a_certificate(site: Site, folder: Path, build: ServiceAccount) -> None:
    """Not even from a trusted proxy, which this test is."""
    headers = [f"X-Client-Cert-DN: {BUILD}", f"Client-Cert: {BUILD}", f"X-SSL-Client-S-DN: {BUILD}"]
    with connect(site, client(site, folder, None)) as connection:
        assert ask(connection, path="/accounts/login/").status == 200, "people need no certificate"
        assert json.loads(ask(connection, *headers).body)["code"] == "unauthenticated"
        assert ask(connection, headers[0], headers[0]).status == 400
    with connect(site, client(site, folder, OURS.issue("CN=other"))) as connection:
        assert json.loads(ask(connection, *headers).body)["code"] == "invalid_credential"
        assert ask(connection, "Client-Cert: " + "a" * 1_000_000).status == 431


@pytest.mark.promise(72)
def test_the_certificate_of_another_service_beside_a_key_is_refused(
    site: Site, folder: Path, build: ServiceAccount
) -> None:
    other = service(build.tenant, build.owner, READ, name="Another")
    headers = {found: f"X-API-Key: {key(key_of_service(found).text)['X-API-Key']}" for found in (build, other)}
    with connect(site, client(site, folder, OURS.issue(BUILD))) as connection:
        assert json.loads(ask(connection, headers[build]).body)["id"] == str(build.pk)
        assert json.loads(ask(connection, headers[other]).body)["code"] == "credentials_disagree"
