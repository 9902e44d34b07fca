"""Client certificates that are service accounts (mutual TLS, RFC 8705): reading one, its names, and whose it is.

Who issued a certificate, and whether its holder has the private key, is checked by the TLS server: ours, or a proxy's.
Names are compared in one canonical form, and exactly.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from authserver.models import CertificateIdentity, CertificateName, ServiceAccount
from authserver.services.holders import CredentialHolder
from authserver.tokens.digests import digest_of
from foundation.canonical_email import NotAnEmail, canonical
from foundation.rows import Rows, fetch_all

LARGEST = 64 * 1024  # bytes of a certificate
LONGEST = 1000  # characters of a name
SERVICE, PERSON = Rows(ServiceAccount, "(f.service)"), Rows(User, "(f.person)")
READ = "SELECT f.refusal, f.scopes, {columns} FROM public.certificate_services(%s::text[], %s::text[]) f"
UNREADABLE = (ValueError, TypeError, x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)
BYTE_SEQUENCE = re.compile(r":([A-Za-z0-9+/]+={0,2}):\Z")  # RFC 8941, section 3.3.5
SPELLINGS = {  # of attributes that RFC 4514 does not name: those of OpenSSL, and so of nginx, Apache and HAProxy
    "emailAddress": NameOID.EMAIL_ADDRESS,
    "serialNumber": NameOID.SERIAL_NUMBER,
    "SN": NameOID.SURNAME,
    "GN": NameOID.GIVEN_NAME,
    "title": NameOID.TITLE,
    "street": NameOID.STREET_ADDRESS,
    "postalCode": NameOID.POSTAL_CODE,
    "businessCategory": NameOID.BUSINESS_CATEGORY,
    "organizationIdentifier": NameOID.ORGANIZATION_IDENTIFIER,
    "dnQualifier": NameOID.DN_QUALIFIER,
}
PRESENTED = "vestibule.client_certificate"  # in request.META: a Presented, or None for a client without certificate
Names = frozenset[tuple[CertificateName, str]]


class CertificateRefused(Exception):
    """It is no certificate, or no service's, or not valid now. ``reason`` is for the trail and the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class CertificateFields:
    """The names of a certificate, each in its canonical form, and a digest by which its requests are counted."""

    names: Names
    digest: str


Presented = Callable[[], CertificateFields]  # reads the certificate of a request; raises CertificateRefused


def read(data: bytes) -> CertificateFields:
    """Return the fields of a certificate in PEM or DER. Raises CertificateRefused."""
    if len(data) > LARGEST:
        raise CertificateRefused("certificate_too_large")
    load = x509.load_pem_x509_certificate if data.lstrip().startswith(b"-----BEGIN") else x509.load_der_x509_certificate
    try:
        certificate = load(data)
        is_valid = certificate.not_valid_before_utc <= datetime.now(UTC) <= certificate.not_valid_after_utc
        digest = certificate.fingerprint(SHA256()).hex()
        names = frozenset([(CertificateName.SHA256, digest), *_names(certificate)])
    except UNREADABLE:
        raise CertificateRefused("certificate_malformed") from None
    if not is_valid:
        raise CertificateRefused("certificate_not_valid_now")
    return CertificateFields(names=names, digest=digest)


def read_header(text: str) -> CertificateFields:
    """Return the fields of a certificate in the form of the header Client-Cert (RFC 9440): base64 between colons.

    Raises CertificateRefused.
    """
    found = BYTE_SEQUENCE.match(text)
    try:
        return read(base64.b64decode(found[1] if found else "", validate=True))
    except binascii.Error:
        raise CertificateRefused("certificate_malformed") from None


def read_subject(text: str) -> CertificateFields:
    """Return the fields of a certificate of which only the subject is known (RFC 4514). Raises CertificateRefused.

    Whoever has checked the certificate has checked its time too. Proxies escape what is beyond ASCII.
    """
    if not text.isascii():
        raise CertificateRefused("certificate_malformed")
    try:
        subject = canonical_name(CertificateName.SUBJECT, text)
    except ValidationError:
        raise CertificateRefused("certificate_malformed") from None
    return CertificateFields(names=frozenset([(CertificateName.SUBJECT, subject)]), digest=digest_of(subject))


def check(fields: CertificateFields) -> CredentialHolder:
    """Return the service that a certificate is, in any context, in one statement. Raises CertificateRefused.

    It is refused if the service or its owner has stopped, and if the names belong to different services.
    """
    kinds, values = zip(*fields.names, strict=True)
    sql = READ.format(columns=f"{SERVICE.columns}, {PERSON.columns}")
    rows = fetch_all(sql, [[kind.value for kind in kinds], list(values)])
    if len(rows) != 1:
        raise CertificateRefused("certificate_of_several_services" if rows else "certificate_unknown")
    refusal, scopes, rest = rows[0][0], rows[0][1], rows[0][2:]
    if refusal is not None:
        raise CertificateRefused(refusal)
    service, person = SERVICE.read(rest), PERSON.read(rest[len(SERVICE.names) :])
    return CredentialHolder(person=person, service=service, tenant_id=service.tenant_id, scopes=frozenset(scopes))


def canonical_name(kind: CertificateName, text: str) -> str:
    """Return the form of a name in which it is stored and compared. Raises ValidationError."""
    text = text.strip()
    if not text or len(text) > LONGEST or not text.isprintable():
        raise ValidationError(_("A name has 1 to 1000 printable characters."))
    try:
        return CANONICAL[kind](text)
    except (ValueError, NotAnEmail):
        raise ValidationError(FAULTS[kind]) from None


def add(service: ServiceAccount, kind: CertificateName, text: str) -> CertificateIdentity:
    """Map certificates with a name to a service. Raises ValidationError."""
    identity = CertificateIdentity(
        tenant_id=service.tenant_id, service=service, kind=kind, value=canonical_name(kind, text)
    )
    identity.full_clean()
    try:
        with transaction.atomic():
            identity.save(force_insert=True)
    except IntegrityError:  # another tenant's, which the validation does not see
        raise ValidationError({"value": _("Certificates with this name are a service already.")}) from None
    return identity


def _names(certificate: x509.Certificate) -> Iterator[tuple[CertificateName, str]]:
    yield from _canonical_names(CertificateName.SUBJECT, [certificate.subject.rfc4514_string()])
    try:
        alternative = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return
    for kind, of_kind in (
        (CertificateName.DNS, x509.DNSName),
        (CertificateName.URI, x509.UniformResourceIdentifier),
        (CertificateName.EMAIL, x509.RFC822Name),
    ):
        yield from _canonical_names(kind, alternative.get_values_for_type(of_kind))


def _canonical_names(kind: CertificateName, texts: Iterable[str]) -> Iterator[tuple[CertificateName, str]]:
    """Yield the names that have a canonical form. Nothing can be mapped to others, such as wildcards."""
    for text in texts:
        with suppress(ValidationError):
            yield kind, canonical_name(kind, text)


def _subject(text: str) -> str:
    subject = x509.Name.from_rfc4514_string(text, SPELLINGS).rfc4514_string()
    if not subject:
        raise ValueError(text)
    return subject


def _dns(text: str) -> str:
    """Return a DNS name as A-labels in lower case, as the domain of an e-mail address is."""
    return canonical(f"host@{text}").removeprefix("host@")


def _uri(text: str) -> str:
    parts = urlsplit(text)
    if not (parts.scheme and (parts.netloc or parts.path) and text.isascii() and " " not in text):
        raise ValueError(text)
    return text


def _email(text: str) -> str:
    """Return an address with its domain in canonical form. The local part is compared exactly (RFC 5280, 4.2.1.6)."""
    local, _at, _domain = text.rpartition("@")
    return f"{local}@{canonical(text).rpartition('@')[2]}"


def _thumbprint(text: str) -> str:
    digits = text.replace(":", "").lower()
    if not re.fullmatch("[0-9a-f]{64}", digits):
        raise ValueError(text)
    return digits


CANONICAL: Mapping[CertificateName, Callable[[str], str]] = {
    CertificateName.SUBJECT: _subject,
    CertificateName.DNS: _dns,
    CertificateName.URI: _uri,
    CertificateName.EMAIL: _email,
    CertificateName.SHA256: _thumbprint,
}
FAULTS = {
    CertificateName.SUBJECT: _("This is no distinguished name (RFC 4514), such as CN=build,O=Engines,C=GB."),
    CertificateName.DNS: _("This is no DNS name. Wildcards are no names."),
    CertificateName.URI: _("This is no absolute URI."),
    CertificateName.EMAIL: _("This is no e-mail address."),
    CertificateName.SHA256: _("A SHA-256 has 64 hexadecimal digits."),
}
