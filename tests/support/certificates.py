"""Certificate authorities, and the certificates that they issue to servers and services."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from authserver.models import CertificateIdentity, CertificateName, ServiceAccount
from authserver.services import certificates
from tenancy import tenant_context

KEY = ec.generate_private_key(ec.SECP256R1())  # of all: whose key it is makes no difference to these tests
SIGNS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=False,
    encipher_only=False,
    decipher_only=False,
)
LOCALHOST = [x509.DNSName("localhost")]


@dataclass(frozen=True, kw_only=True)
class Authority:
    """Issues certificates under its name."""

    name: str = "CN=authority"
    key: ec.EllipticCurvePrivateKey = KEY

    def issue(
        self, subject: str, names: Sequence[x509.GeneralName] = (), *, days: tuple[int, int] = (-1, 1)
    ) -> x509.Certificate:
        """Return a certificate that is valid from and to so many days from now."""
        ours = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = _builder(subject, self.name, days).add_extension(ours, critical=False)
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self.key, hashes.SHA256())

    def own(self) -> x509.Certificate:
        """Return the authority's own certificate."""
        key = self.key.public_key()
        return (
            _builder(self.name, self.name, (-1, 1), key)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(SIGNS, critical=True)
            .sign(self.key, hashes.SHA256())
        )


def _builder(
    subject: str, issuer: str, days: tuple[int, int], key: ec.EllipticCurvePublicKey | None = None
) -> x509.CertificateBuilder:
    first, last = (datetime.now(UTC) + timedelta(days=number) for number in days)
    return x509.CertificateBuilder(
        subject_name=x509.Name.from_rfc4514_string(subject),
        issuer_name=x509.Name.from_rfc4514_string(issuer),
        public_key=key or KEY.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=first,
        not_valid_after=last,
    )


def written(folder: Path, name: str, certificate: x509.Certificate) -> Path:
    """Write a certificate and its key to a file in PEM."""
    file = folder / f"{name}.pem"
    private = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return file


def add(service: ServiceAccount, kind: CertificateName, text: str) -> CertificateIdentity:
    """Map certificates with a name to a service."""
    with tenant_context(service.tenant_id):
        return certificates.add(service, kind, text)
