"""A client certificate comes from our own TLS or from one header of a trusted proxy, and every other is removed.

The kind of fault: a header that anybody can send is taken for a verified certificate.
"""

from ipaddress import ip_network
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from gunicorn.http import errors

from authserver.models import CertificateName
from authserver.services.certificates import PRESENTED, CertificateFields, CertificateRefused
from config.certificate_headers import fault_of_name
from config.client_certificates import client_certificate
from config.server.parser import Parser
from tests.config.server.test_parser import CONFIG

PROXY, STRANGER = "10.0.0.1", "203.0.113.7"
SUBJECT = "CN=build,O=Engines"
SPELLINGS = [
    "Client-Cert", "Client-Cert-Chain", "X-Client-Cert", "X-Client-Cert-DN", "X-Client-DN", "X-Client-SDN",
    "X-SSL-Cert", "X-SSL-Client-Cert", "X-SSL-Client-DN", "X-SSL-Client-S-DN", "X-SSL-Client-CN",
    "X-SSL-Client-Verify", "X-SSL-Client-Fingerprint", "X-SSL-Issuer", "SSL-Client-Cert",
    "SSL-Client-Subject-DN", "SSL-Client-S-DN", "X-Forwarded-Client-Cert", "X-Forwarded-Tls-Client-Cert",
    "X-Forwarded-Tls-Client-Cert-Info", "X-TLS-Client-Subject", "X-ARR-ClientCert", "X-Amzn-Mtls-Clientcert",
    "X-Amzn-Mtls-Clientcert-Subject", "CF-Client-Cert-Sha256", "X-Goog-Client-Cert-Subject-DN",
    "X-Subject-DN", "DN", "X-MTLS-Subject", "X-Spiffe-ID", "X-X509-Subject", "x-client-cert-dn",
    "X-cLIENT-cERT-dn",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _behind_a_proxy(settings: Any) -> None:
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8")]
    settings.CLIENT_CERTIFICATE_HEADER = "X-Client-Cert-DN"


def seen(headers: dict[str, str], *, peer: str = PROXY) -> HttpRequest:
    """Return the request as it is after the middleware."""
    found: list[HttpRequest] = []

    def view(request: HttpRequest) -> HttpResponse:
        found.append(request)
        return HttpResponse()

    client_certificate(view)(RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer))
    return found[0]


def presented(headers: dict[str, str], *, peer: str = PROXY) -> CertificateFields | None:
    read = seen(headers, peer=peer).META[PRESENTED]
    return read() if read else None


@pytest.mark.promise(71)
@pytest.mark.parametrize("peer", [PROXY, STRANGER, ""])
@pytest.mark.parametrize("name", SPELLINGS)
def test_every_header_about_certificates_is_removed_whoever_sent_it(name: str, peer: str) -> None:
    request = seen({name: SUBJECT, "X-Other": SUBJECT, "CDN-Loop": "a", "Accept": "text/html"}, peer=peer)

    assert set(request.headers) == {"X-Other", "Cdn-Loop", "Accept", "Cookie"}
    is_the_one = peer == PROXY and name.upper() == "X-CLIENT-CERT-DN"
    assert bool(request.META[PRESENTED]) == is_the_one


@pytest.mark.promise(71)
@pytest.mark.parametrize("peer", [STRANGER, "", "unix:", "10.0.0.1.evil.example", "11.0.0.1"])
def test_the_header_counts_from_a_trusted_proxy_alone(peer: str) -> None:
    assert presented({"X-Client-Cert-DN": SUBJECT}, peer=peer) is None
    found = presented({"X-Client-Cert-DN": SUBJECT})
    assert found is not None
    assert found.names == {(CertificateName.SUBJECT, SUBJECT)}


@pytest.mark.promise(71)
def test_a_proxy_cannot_be_named_by_a_forwarding_header() -> None:
    headers = {"X-Client-Cert-DN": SUBJECT, "X-Forwarded-For": PROXY, "Forwarded": f"for={PROXY}"}

    assert presented(headers, peer=STRANGER) is None


@pytest.mark.promise(71)
def test_no_header_counts_by_default(settings: Any) -> None:
    settings.CLIENT_CERTIFICATE_HEADER = ""

    assert all(presented({name: SUBJECT}) is None for name in SPELLINGS)


@pytest.mark.parametrize("text", ["", "(null)"])
def test_a_proxy_says_that_there_is_none(text: str) -> None:
    assert presented({"X-Client-Cert-DN": text}) is None


@pytest.mark.parametrize(("header", "text"), [("Client-Cert", SUBJECT), ("X-Client-Cert-DN", ":MAA=:")])
def test_the_name_of_the_header_decides_its_form(header: str, text: str, settings: Any) -> None:
    settings.CLIENT_CERTIFICATE_HEADER = header

    with pytest.raises(CertificateRefused, match="certificate_malformed"):
        presented({header: text})


@pytest.mark.promise(71)
@pytest.mark.parametrize("name", ["X-Client-Cert-DN", "x-client-cert-dn", "Client-Cert", "X-SSL-Subject"])
def test_a_repeated_header_is_refused_before_it_is_joined(name: str) -> None:
    def parse(*names: str) -> bool:
        lines = "".join(f"{one}: CN=a\r\n" for one in names)
        return Parser(CONFIG, (STRANGER, 1)).feed(f"GET / HTTP/1.1\r\nHost: a\r\n{lines}\r\n".encode())

    assert parse(name, "X-Other", "X-Other")
    for second in (name, name.upper(), name.lower()):
        with pytest.raises(errors.ParseException):
            parse(name, "X-Other", second)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Client_Cert",
        "Client-Cert, X-Cert",
        "Client Cert",
        "Authorization",
        "X-API-Key",
        "Host",
        "-Cert",
        "Cért",
        "X-Client-Cert-I-DN",
        "SSL-Client-Issuer-DN",
    ],
)
def test_no_other_header_can_be_configured(name: str) -> None:
    assert fault_of_name(name)
    assert not fault_of_name("Client-Cert")
