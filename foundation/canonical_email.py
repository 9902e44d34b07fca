"""The canonical form of an e-mail address: two addresses are equal if and only if this form is equal (ADR 27).

Nothing else may compare addresses. ``str.lower``, ``casefold`` and PostgreSQL's ``lower()`` fold some letters of
other scripts to ASCII, so that an address at an attacker's domain could match the account of another person.
"""

import unicodedata
from enum import StrEnum
from functools import lru_cache
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits

import idna
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

LONGEST = 320  # characters of input: no rule allows more, and longer input is not parsed
LONGEST_LOCAL = 64  # octets of UTF-8 (RFC 5321, section 4.5.3.1.1; RFC 6531, section 3.3)
A_LABEL = "xn--"  # the prefix of every A-label (RFC 5890, section 2.3.2.1)
SHORTEST_TOP = 2  # letters of a top-level domain
# Invisible characters that Unicode classifies as letters or marks (Default_Ignorable_Code_Point). ``isprintable``
# already rejects the other invisible characters.
IGNORABLE = frozenset(
    {"\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u2800", "\u3164", "\uffa0"}
    | {*map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))}
)
ATEXT = frozenset(ascii_letters + digits + "!#$%&'*+-/=?^_`{|}~")  # RFC 5322, section 3.2.3

_FOLDED = str.maketrans(ascii_uppercase, ascii_lowercase)


class EmailFault(StrEnum):
    """Why a text is not an e-mail address, for the log and the trail."""

    TOO_LONG = "too_long"
    NO_MAILBOX = "no_mailbox"
    LOCAL_PART = "local_part"
    DOMAIN = "domain"


class NotAnEmail(ValueError):
    """The text is not an address of exactly one mailbox."""

    def __init__(self, fault: EmailFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


def canonical(email: str) -> str:
    """Return the canonical form of an address. Raises NotAnEmail.

    The form is NFC, with ASCII letters in lower case, all other letters unchanged, and the domain as A-labels
    (RFC 5891, without any mapping). Quoted local parts are refused because they allow many spellings of one mailbox.
    Domain literals, a trailing dot and invisible characters are refused, too. The caller strips surrounding blanks.
    """
    if len(email) > LONGEST:
        raise NotAnEmail(EmailFault.TOO_LONG)
    local, at, domain = folded(email).rpartition("@")
    if not (local and at and domain):
        raise NotAnEmail(EmailFault.NO_MAILBOX)
    if not _is_local_part(local):
        raise NotAnEmail(EmailFault.LOCAL_PART)
    return f"{local}@{_a_labels(domain)}"


def canonical_or_none(text: str | None) -> str | None:
    """Return the canonical form, or None if the text is not an address."""
    try:
        return canonical(text) if text else None
    except NotAnEmail:
        return None


def comparable(name: str) -> str:
    """Return the form by which typed names are compared: canonical for an address, folded for anything else."""
    return canonical_or_none(name) or folded(name)


def canonical_domain(name: str) -> str:
    """Return the canonical form of a domain, as in canonical addresses: small A-labels, without a final dot.

    Raises NotAnEmail for anything that is not the domain of an address, such as one label, an IP address or a wildcard.
    """
    if len(name) > LONGEST:
        raise NotAnEmail(EmailFault.TOO_LONG)
    return _a_labels(folded(name).removesuffix("."))


def domain_of(email: str) -> str:
    """Return the canonical form of an address's domain, or "" if the text is not an address."""
    return (canonical_or_none(email) or "").rpartition("@")[2]


def for_mail(email: str) -> str:
    """Return an address for a mail server: the local part in its original case, the domain as A-labels.

    Django would encode the domain by IDNA 2003, which maps ``straße`` to ``strasse``, the domain of another owner.
    Raises NotAnEmail.
    """
    _local, _at, domain = canonical(email).rpartition("@")
    local = unicodedata.normalize("NFC", email).rpartition("@")[0]
    return f"{local}@{domain}"


def beginning(typed: str) -> tuple[str, str]:
    """Split the beginning of an address into its canonical part and the last label, which may be incomplete.

    Without an ``@`` all of it is canonical. A label that cannot be encoded stays as it is and matches nothing.
    """
    local, at, domain = folded(typed).rpartition("@")
    if not at:
        return domain, ""
    *whole, last = domain.split(".")
    return f"{local}@{''.join(f'{a_label(label) or label}.' for label in whole)}", last


def a_label(label: str) -> str:
    """Return one label of a domain as its A-label, or an empty string if it has none."""
    try:
        return idna.alabel(label).decode("ascii")
    except UnicodeError:
        return ""


def labels_by_spelling(canonical_email: str) -> dict[str, str]:
    """Return a mapping from U-label to A-label for each label of the domain that has both spellings."""
    labels = canonical_email.rpartition("@")[2].split(".")
    return {idna.ulabel(label): label for label in labels if label.startswith(A_LABEL)}


def folded(text: str) -> str:
    """Return NFC with ASCII letters in lower case.

    The text is composed twice, because a small letter may have a composed form where the capital has none. This alone
    does not make an address comparable; see ``canonical``.
    """
    small = unicodedata.normalize("NFC", text).translate(_FOLDED)
    return unicodedata.normalize("NFC", small)


def validate_canonical(value: str) -> None:
    """Validate an address for models, forms and commands. Raises ValidationError."""
    try:
        canonical(value)
    except NotAnEmail as fault:
        raise ValidationError(_("Enter a valid email address."), code="invalid", params={"value": value}) from fault


def _is_local_part(local: str) -> bool:
    """Check for a dot-atom (RFC 5322, section 3.2.3), with visible letters of any script (RFC 6531, section 3.3)."""
    if len(local.encode(errors="surrogatepass")) > LONGEST_LOCAL:
        return False
    return all(atom and all(_is_of_atom(letter) for letter in atom) for atom in local.split("."))


def _is_of_atom(letter: str) -> bool:
    """``isprintable`` rejects controls, blanks, joiners, direction marks, surrogates and unassigned characters."""
    return letter in ATEXT or (not letter.isascii() and letter.isprintable() and letter not in IGNORABLE)


@lru_cache(maxsize=4096)
def _a_labels(domain: str) -> str:
    """Encode a domain. Raises NotAnEmail. The cache pays off because a site's addresses have few domains."""
    try:
        encoded = idna.encode(domain, strict=True).decode("ascii")
    except UnicodeError as refused:  # the base class of idna's errors
        raise NotAnEmail(EmailFault.DOMAIN) from refused
    *others, top = encoded.split(".")
    is_named = bool(others) and len(top) >= SHORTEST_TOP and not top.isdigit()
    if not is_named and encoded != "localhost":
        raise NotAnEmail(EmailFault.DOMAIN)
    return encoded
