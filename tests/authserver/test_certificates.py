"""Client certificates that are services (RFC 8705): their names in one form, and whose they are."""

import base64
from contextlib import suppress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from authserver.models import CertificateIdentity, CertificateName, ServiceAccount
from authserver.services import certificates
from authserver.services.certificates import CertificateRefused, canonical_name
from tenancy import tenant_context
from tests.support.certificates import Authority, add
from tests.support.services import READ, clerk, service
from tests.tenancy.conftest import Town

BUILD = "CN=build,O=Engines,C=GB"

DER = Authority().issue(BUILD, [x509.DNSName("build.engines.example")]).public_bytes(Encoding.DER)


def pem(**options: object) -> bytes:
    return Authority().issue(BUILD, **options).public_bytes(Encoding.PEM)  # type: ignore[arg-type]


def why_refused(data: bytes) -> str | None:
    """Return why a certificate is no service now, or None if it is one."""
    try:
        certificates.check(certificates.read(data))
    except CertificateRefused as refused:
        return refused.reason
    return None


@pytest.fixture
def ada(town: Town) -> User:
    return clerk(town.a.tenant, READ, name="Ada")


@pytest.fixture
def night_job(town: Town, ada: User) -> ServiceAccount:
    return service(town.a.tenant, ada, READ)


NAMES = [
    (CertificateName.SUBJECT, BUILD),
    (CertificateName.DNS, "Build.Bücher.EXAMPLE"),
    (CertificateName.URI, "spiffe://engines.example/build"),
    (CertificateName.EMAIL, "Build@Bücher.example"),
    (CertificateName.SHA256, ""),
]
ALTERNATIVE = [
    x509.DNSName("BUILD.xn--bcher-kva.example"),
    x509.DNSName("*.engines.example"),
    x509.UniformResourceIdentifier("spiffe://engines.example/build"),
    x509.RFC822Name("Build@xn--bcher-kva.example"),
    x509.DirectoryName(x509.Name([])),
]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("kind", "text"), NAMES)
def test_a_certificate_is_the_service_that_one_of_its_names_belongs_to(
    ada: User, night_job: ServiceAccount, kind: CertificateName, text: str
) -> None:
    made = Authority().issue(BUILD, ALTERNATIVE)
    thumbprint = made.fingerprint(hashes.SHA256()).hex(":").upper()
    for data in (made.public_bytes(Encoding.PEM), made.public_bytes(Encoding.DER)):
        assert why_refused(data) == "certificate_unknown"
    add(night_job, kind, text or thumbprint)

    for data in (made.public_bytes(Encoding.PEM), made.public_bytes(Encoding.DER)):
        holder = certificates.check(certificates.read(data))
        assert (holder.service, holder.person, holder.scopes, holder.key_id) == (
            night_job,
            ada,
            frozenset({READ}),
            None,
        )


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(89)
def test_a_certificate_stops_with_the_owner_of_its_service(ada: User, night_job: ServiceAccount) -> None:
    add(night_job, CertificateName.SUBJECT, BUILD)
    assert why_refused(pem()) is None
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert why_refused(pem()) == "owner_inactive"


@pytest.mark.django_db(transaction=True)
def test_a_certificate_with_names_of_two_services_is_neither(town: Town, ada: User, night_job: ServiceAccount) -> None:
    add(night_job, CertificateName.SUBJECT, BUILD)
    add(service(town.a.tenant, ada, name="Another"), CertificateName.DNS, "build.engines.example")

    assert why_refused(pem(names=[x509.DNSName("build.engines.example")])) == "certificate_of_several_services"
    assert why_refused(pem()) is None


@pytest.mark.django_db(transaction=True)
def test_a_name_belongs_to_one_service_of_the_whole_site(town: Town, ada: User, night_job: ServiceAccount) -> None:
    add(night_job, CertificateName.DNS, "build.engines.example")
    other = service(town.b.tenant, clerk(town.b.tenant, name="Bob"))
    with pytest.raises(ValidationError), tenant_context(town.b.tenant.pk):
        certificates.add(other, CertificateName.DNS, "BUILD.engines.example")
    with tenant_context(town.b.tenant.pk):
        assert not CertificateIdentity.objects.exists()


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (CertificateName.SUBJECT, ""),
        (CertificateName.SUBJECT, "build"),
        (CertificateName.SUBJECT, "CN=a\0b"),
        (CertificateName.SUBJECT, "CN=" + "x" * 1000),
        (CertificateName.DNS, "*.engines.example"),
        (CertificateName.DNS, "a@engines.example"),
        (CertificateName.DNS, "-"),
        (CertificateName.DNS, "engines.example."),
        (CertificateName.URI, "engines.example/build"),
        (CertificateName.URI, "spiffe://engines.example/a b"),
        (CertificateName.URI, "http://["),
        (CertificateName.EMAIL, "build"),
        (CertificateName.EMAIL, "a@b@"),
        (CertificateName.SHA256, "0" * 63),
        (CertificateName.SHA256, "g" * 64),
    ],
)
def test_what_is_no_name_is_refused(kind: CertificateName, text: str) -> None:
    with pytest.raises(ValidationError):
        canonical_name(kind, text)


def test_a_subject_is_compared_exactly() -> None:
    assert canonical_name(CertificateName.SUBJECT, BUILD) == BUILD
    assert canonical_name(CertificateName.SUBJECT, "CN=Build,O=Engines,C=GB") != BUILD
    assert canonical_name(CertificateName.SUBJECT, r"CN=build\,O\=Engines,C=GB") != BUILD


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "certificate_malformed"),
        (b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "certificate_malformed"),
        (b"\x30\x82" + b"\0" * 100, "certificate_malformed"),
        (b"0" * 1_000_000, "certificate_too_large"),
    ],
)
def test_what_is_no_certificate_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(CertificateRefused, match=reason):
        certificates.read(data)


@pytest.mark.filterwarnings("ignore")  # the library warns of certificates that break a rule and are read all the same
@given(st.lists(st.tuples(st.integers(0, 400), st.binary(max_size=2)), min_size=1, max_size=4))
def test_a_damaged_certificate_is_read_or_refused(damages: list[tuple[int, bytes]]) -> None:
    data = bytearray(DER)
    for at, piece in damages:
        data[at : at + 1] = piece
    with suppress(CertificateRefused):
        certificates.read(bytes(data))


def test_a_certificate_of_an_unknown_version_is_refused() -> None:
    at = DER.index(b"\xa0\x03\x02\x01\x02") + 4
    with pytest.raises(CertificateRefused, match="certificate_malformed"):
        certificates.read(DER[:at] + b"\x09" + DER[at + 1 :])


@pytest.mark.parametrize("days", [(-3, -1), (1, 3)])
def test_a_certificate_that_is_not_valid_now_is_refused(days: tuple[int, int]) -> None:
    with pytest.raises(CertificateRefused, match="not_valid_now"):
        certificates.read(pem(days=days))


def test_the_form_of_client_cert_is_base64_between_colons() -> None:
    made = Authority().issue(BUILD)
    text = base64.b64encode(made.public_bytes(Encoding.DER)).decode()

    assert certificates.read_header(f":{text}:") == certificates.read(made.public_bytes(Encoding.DER))
    wrong = [text, f":{text}", f":{text}:,:{text}:", f": {text}:", f":{text[:-2]}:", f":{text}:;a=1", "::", ":AAAA:"]
    for header in [*wrong, BUILD, "\0", ":" + "A" * 1_000_000 + ":"]:
        with pytest.raises(CertificateRefused, match=r"certificate_(malformed|too_large)"):
            certificates.read_header(header)


@pytest.mark.parametrize(
    ("header", "subject"),
    [
        (BUILD, BUILD),
        ("emailAddress=build@engines.example,CN=build", "1.2.840.113549.1.9.1=build@engines.example,CN=build"),
        (r"CN=B\C3\BCcher,O=Engines\, Ltd", r"CN=Bücher,O=Engines\, Ltd"),
        ("UID=u,DC=example,GN=Ada,SN=Lovelace,title=t", "UID=u,DC=example,2.5.4.42=Ada,2.5.4.4=Lovelace,2.5.4.12=t"),
        ("serialNumber=7,businessCategory=b,dnQualifier=q", "2.5.4.5=7,2.5.4.15=b,2.5.4.46=q"),
        ("street=s,postalCode=1,organizationIdentifier=V", "STREET=s,2.5.4.17=1,2.5.4.97=V"),
    ],
)
def test_a_subject_is_read_as_openssl_writes_it(header: str, subject: str) -> None:
    assert certificates.read_subject(header).names == {(CertificateName.SUBJECT, subject)}


@pytest.mark.parametrize(
    "header",
    [
        "",
        "build",
        "/CN=build/O=Engines",
        "CN=build, O=Engines",
        "CN=a\0b",
        "CN=\xc3\xbc",
        r"CN=\FF",
        "CN=" + "x" * 10**6,
    ],
)
def test_what_is_no_subject_is_refused(header: str) -> None:
    with pytest.raises(CertificateRefused, match="certificate_malformed"):
        certificates.read_subject(header)
