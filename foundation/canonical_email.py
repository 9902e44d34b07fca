"""The canonical form of an e-mail address: two addresses are one if, and only if, this form is the same (ADR 27).

Nothing else may compare addresses. ``str.lower``, ``casefold`` and PostgreSQL's ``lower()`` fold letters of other
scripts into ASCII ones, by which a stranger's domain finds somebody's account.
"""

import unicodedata
from enum import StrEnum
from functools import lru_cache
from string import ascii_letters, ascii_lowercase, ascii_uppercase, digits

import idna
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

LONGEST = 320  # characters of what is given: no rule allows more, and nothing longer is looked at
LONGEST_LOCAL = 64  # octets of UTF-8 (RFC 5321, section 4.5.3.1.1; RFC 6531, section 3.3)
A_LABEL = "xn--"  # how each begins (RFC 5890, section 2.3.2.1)
SHORTEST_TOP = 2  # letters of a top-level domain
# Letters and marks by their category, and nothing to be seen (Unicode, Default_Ignorable_Code_Point): ``isprintable``
# knows the others that there are of this kind.
IGNORABLE = frozenset(
    {"\u034f", "\u115f", "\u1160", "\u17b4", "\u17b5", "\u2800", "\u3164", "\uffa0"}
    | {*map(chr, (*range(0x180B, 0x1810), *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))}
)
ATEXT = frozenset(ascii_letters + digits + "!#$%&'*+-/=?^_`{|}~")  # RFC 5322, section 3.2.3

_FOLDED = str.maketrans(ascii_uppercase, ascii_lowercase)


class EmailFault(StrEnum):
    """Why a text is no address, for the log and the trail."""

    TOO_LONG = "too_long"
    NO_MAILBOX = "no_mailbox"
    LOCAL_PART = "local_part"
    DOMAIN = "domain"


class NotAnEmail(ValueError):
    """A text that is no address that anybody could be reached at and nobody else."""

    def __init__(self, fault: EmailFault) -> None:
        super().__init__(fault.value)
        self.fault = fault


def canonical(email: str) -> str:
    """Return the canonical form of an address. Raises NotAnEmail.

    NFC; ASCII letters small and no other letter touched; the domain as A-labels (RFC 5891, without any mapping).
    Refused are quoted local parts, which have many spellings of one mailbox, domain literals, a dot at the end, and
    characters that cannot be seen. Blanks around are for whoever takes the input to remove.
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
    """Return the canonical form, or None of what is no address."""
    try:
        return canonical(text) if text else None
    except NotAnEmail:
        return None


def comparable(name: str) -> str:
    """Return what a typed name counts as: of an address its canonical form, of anything else its letters folded."""
    return canonical_or_none(name) or folded(name)


def for_mail(email: str) -> str:
    """Return an address as a mail server takes it: its local part in the letter case as given, its domain as A-labels.

    Django would encode the domain by IDNA 2003, where ``straße`` is the ``strasse`` of another owner. Raises
    NotAnEmail.
    """
    _local, _at, domain = canonical(email).rpartition("@")
    local = unicodedata.normalize("NFC", email).rpartition("@")[0]
    return f"{local}@{domain}"


def beginning(typed: str) -> tuple[str, str]:
    """Split the beginning of an address into what is canonical already and the last label, which need not be whole.

    Without an ``@`` all of it is known. A label that cannot be encoded stays as it is, and will be found nowhere.
    """
    local, at, domain = folded(typed).rpartition("@")
    if not at:
        return domain, ""
    *whole, last = domain.split(".")
    return f"{local}@{''.join(f'{a_label(label) or label}.' for label in whole)}", last


def a_label(label: str) -> str:
    """Return one label of a domain as its A-label, or nothing where it has none."""
    try:
        return idna.alabel(label).decode("ascii")
    except UnicodeError:
        return ""


def labels_by_spelling(canonical_address: str) -> dict[str, str]:
    """Return the other spelling of each label of the domain that has one: the A-label by its U-label."""
    labels = canonical_address.rpartition("@")[2].split(".")
    return {idna.ulabel(label): label for label in labels if label.startswith(A_LABEL)}


def folded(text: str) -> str:
    """NFC with small ASCII letters. Composed twice: a small letter may have a composed form where the capital has none.

    This alone makes no address comparable: see ``canonical``.
    """
    small = unicodedata.normalize("NFC", text).translate(_FOLDED)
    return unicodedata.normalize("NFC", small)


def validate_canonical(value: str) -> None:
    """Raises ValidationError: for models, forms and commands alike."""
    try:
        canonical(value)
    except NotAnEmail as fault:
        raise ValidationError(_("Enter a valid email address."), code="invalid", params={"value": value}) from fault


def _is_local_part(local: str) -> bool:
    """A dot-atom (RFC 5322, section 3.2.3), with visible letters of other scripts (RFC 6531, section 3.3)."""
    if len(local.encode(errors="surrogatepass")) > LONGEST_LOCAL:
        return False
    return all(atom and all(_is_of_atom(letter) for letter in atom) for atom in local.split("."))


def _is_of_atom(letter: str) -> bool:
    """``isprintable`` knows controls, blanks, joiners, directions, halves of characters and what is unassigned."""
    return letter in ATEXT or (not letter.isascii() and letter.isprintable() and letter not in IGNORABLE)


@lru_cache(maxsize=4096)
def _a_labels(domain: str) -> str:
    """Raises NotAnEmail. A site's addresses have few domains."""
    try:
        encoded = idna.encode(domain, strict=True).decode("ascii")
    except UnicodeError as refused:  # idna's own errors are some
        raise NotAnEmail(EmailFault.DOMAIN) from refused
    *others, top = encoded.split(".")
    is_named = bool(others) and len(top) >= SHORTEST_TOP and not top.isdigit()
    if not is_named and encoded != "localhost":
        raise NotAnEmail(EmailFault.DOMAIN)
    return encoded
