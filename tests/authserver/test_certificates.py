"""Client certificates that are services (RFC 8705): their names in one form, and whose they are."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.exceptions import ValidationError

from accounts.models import User
from authserver.models import CertificateIdentity, CertificateName, ServiceAccount
from authserver.services import certificates
from authserver.services.certificates import CertificateRefused, canonical_name
from tenancy import tenant_context
from tests.support.services import READ, clerk, service
from tests.tenancy.conftest import Town

KEY = ec.generate_private_key(ec.SECP256R1())
BUILD = "CN=build,O=Engines,C=GB"


def certificate(
    subject: str = BUILD, names: Sequence[x509.GeneralName] = (), *, days: tuple[int, int] = (-1, 1)
) -> x509.Certificate:
    """Make a certificate that signs itself: who signed it is the business of the TLS server."""
    name, now = x509.Name.from_rfc4514_string(subject), datetime.now(UTC)
    first, last = (now + timedelta(days=number) for number in days)
    builder = x509.CertificateBuilder(
        subject_name=name,
        issuer_name=name,
        public_key=KEY.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=first,
        not_valid_after=last,
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    return builder.sign(KEY, hashes.SHA256())


def pem(**options: object) -> bytes:
    return certificate(**options).public_bytes(Encoding.PEM)  # type: ignore[arg-type]


@pytest.fixture
def ada(town: Town) -> User:
    return clerk(town.a.tenant, READ, name="Ada")


@pytest.fixture
def night_job(town: Town, ada: User) -> ServiceAccount:
    return service(town.a.tenant, ada, READ)


def add(found: ServiceAccount, kind: CertificateName, text: str) -> CertificateIdentity:
    with tenant_context(found.tenant_id):
        return certificates.add(found, kind, text)


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
    made = certificate(names=ALTERNATIVE)
    thumbprint = made.fingerprint(hashes.SHA256()).hex(":").upper()
    for data in (made.public_bytes(Encoding.PEM), made.public_bytes(Encoding.DER)):
        assert certificates.find(certificates.read(data)) is None
    add(night_job, kind, text or thumbprint)

    for data in (made.public_bytes(Encoding.PEM), made.public_bytes(Encoding.DER)):
        holder = certificates.find(certificates.read(data))
        assert holder is not None
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
    assert certificates.find(certificates.read(pem())) is not None
    User.objects.filter(pk=ada.pk).update(is_active=False)
    assert certificates.find(certificates.read(pem())) is None


@pytest.mark.django_db(transaction=True)
def test_a_certificate_with_names_of_two_services_is_neither(town: Town, ada: User, night_job: ServiceAccount) -> None:
    add(night_job, CertificateName.SUBJECT, BUILD)
    add(service(town.a.tenant, ada, name="Another"), CertificateName.DNS, "build.engines.example")
    both = certificate(names=[x509.DNSName("build.engines.example")]).public_bytes(Encoding.DER)
    assert certificates.find(certificates.read(both)) is None
    assert certificates.find(certificates.read(pem())) is not None


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


@pytest.mark.parametrize("days", [(-3, -1), (1, 3)])
def test_a_certificate_that_is_not_valid_now_is_refused(days: tuple[int, int]) -> None:
    with pytest.raises(CertificateRefused, match="not_valid_now"):
        certificates.read(pem(days=days))
