"""The canonical name of a domain that somebody typed."""

import unicodedata

import idna

from accounts.models.domain import LONGEST_NAME
from accounts.organizations.domains.refusing import DomainRefusalReason, DomainRefused
from foundation.canonical_email import NotAnEmail, canonical_domain

LOOK_ALIKE = frozenset({"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE"})


def domain_name(typed: str) -> str:
    """Return the canonical name, in A-labels. Raises DomainRefused.

    A label with letters of several alphabets that look alike is refused: no owner needs one, and a reader would take it
    for another name. A whole label in another alphabet is a name of its own, which pages show as its A-label.
    """
    try:
        name = canonical_domain(typed.strip())
    except NotAnEmail:
        raise DomainRefused(DomainRefusalReason.NOT_A_DOMAIN) from None
    if "." not in name:
        raise DomainRefused(DomainRefusalReason.NOT_A_DOMAIN)
    if len(name) > LONGEST_NAME:
        raise DomainRefused(DomainRefusalReason.TOO_LONG)
    if any(len(_alphabets(label)) > 1 for label in idna.decode(name).split(".")):
        raise DomainRefused(DomainRefusalReason.MIXED_SCRIPTS)
    return name


def _alphabets(label: str) -> set[str]:
    return {unicodedata.name(letter, "").partition(" ")[0] for letter in label} & LOOK_ALIKE
