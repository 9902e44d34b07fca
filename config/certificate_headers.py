"""The headers that proxies use for the certificate of a client, in all spellings that are known."""

import re

NAME = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\Z")
ABOUT = re.compile(r"CERT|SSL|TLS|X509|SPIFFE|(?:\A|[_-])S?DN(?:[_-]|\Z)")


def is_about_certificate(name: str) -> bool:
    """Whether a header is about TLS. The name is in capitals, as in HTTP or as in WSGI."""
    return ABOUT.search(name) is not None


def has_subject(name: str) -> bool:
    """Whether the header has the subject of a certificate alone. Every other has the certificate (ADR 62)."""
    return name.upper().endswith("-DN")


def fault_of_name(name: str) -> str | None:
    """Return why a header cannot be the one that has the client's certificate, or None."""
    if not NAME.match(name):
        return "names one header, of letters, digits and hyphens: proxies may drop any other, or mistake it"
    if not is_about_certificate(name.upper()):
        return "must contain Cert, or end in -DN if it has the subject alone: Client-Cert, X-Client-Cert-DN"
    return None
