"""What a provider vouches for: ONE value that every way in ends in and the linking begins with."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from providers.refusal import Reason, SignInRefused
from providers.tokens import Tokens

LONGEST_SUBJECT = 255  # OpenID Connect Core 2: "MUST NOT exceed 255 ASCII characters"
LONGEST_ADDRESS = 320
LONGEST_NAME = 255
LARGEST_CLAIMS = 32_768  # characters of JSON
DEEPEST_CLAIM = 8
UNSTORABLE = re.compile("[\0\ud800-\udfff]")
OF_ONE_SIGN_IN = frozenset(
    {"acr", "aio", "amr", "at_hash", "aud", "auth_time", "azp", "c_hash", "exp", "iat", "jti", "nbf", "nonce", "rh"}
    | {"s_hash", "session_state", "sid", "typ", "uti", "ver"}
)


@dataclass(frozen=True, kw_only=True)
class ExternalIdentity:
    """A person as an issuer knows them, verified. (issuer, subject) is the key; the rest is for reading.

    ``email_verified`` means that we take this provider's word for this address, not only that it said so.
    ``session`` is the provider's own name (``sid``) for the session that this came from, where it has one.
    ``claims`` are those that can be kept; ``told`` are all that rules may look at, however many, and
    ``unreadable`` the names of those that a rule looks at and that could not be had this time. ``methods`` are
    its words for how the person was proven this time (``acr``, ``amr``), and are not kept. ``tokens`` go to the vault.
    Raises SignInRefused when there is no usable key.
    """

    provider: str
    issuer: str
    subject: str
    email: str = ""
    email_verified: bool = False
    name: str = ""
    session: str = ""
    methods: frozenset[str] = frozenset()
    claims: Mapping[str, Any] = field(default_factory=dict)
    unreadable: frozenset[str] = frozenset()
    tokens: Tokens = field(default=Tokens(), repr=False, compare=False)
    told: Mapping[str, Any] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not is_subject(self.subject):
            raise SignInRefused(Reason.SUBJECT_INVALID, "a subject is a text of 1 to 255 characters")
        email = clean_address(self.email)
        object.__setattr__(self, "email", email)
        object.__setattr__(self, "email_verified", self.email_verified is True and bool(email))
        object.__setattr__(self, "name", clean_name(self.name))
        object.__setattr__(self, "session", self.session if is_subject(self.session) else "")
        told = {name: value for name, value in self.claims.items() if name not in OF_ONE_SIGN_IN}
        object.__setattr__(self, "told", told)
        object.__setattr__(self, "claims", storable(told))


def is_subject(value: object) -> bool:
    """Whether it can be somebody's name at an issuer; a session's name (``sid``) has the same limits."""
    return isinstance(value, str) and 1 <= len(value) <= LONGEST_SUBJECT and is_storable(value)


def is_storable(text: str) -> bool:
    """Whether the database takes a text: JSON may hold NUL and halves of characters, PostgreSQL neither."""
    return not UNSTORABLE.search(text)


def storable(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims that can be kept: none that the database refuses, and of too many not the largest."""
    kept = {name: value for name, value in claims.items() if _fits(name) and _fits(value)}
    sizes = {name: len(json.dumps({name: value})) for name, value in kept.items()}  # its braces stand for ", "
    whole = sum(sizes.values())
    for name in sorted(sizes, key=lambda name: -sizes[name]):
        if whole <= LARGEST_CLAIMS:
            break
        whole -= sizes[name]
        del kept[name]
    return kept


def _fits(value: Any, depth: int = 0) -> bool:
    if isinstance(value, str):
        return is_storable(value)
    if isinstance(value, Mapping):
        return depth < DEEPEST_CLAIM and all(_fits(k) and _fits(v, depth + 1) for k, v in value.items())
    if isinstance(value, list):
        return depth < DEEPEST_CLAIM and all(_fits(item, depth + 1) for item in value)
    return value is None or isinstance(value, bool) or (isinstance(value, int | float) and abs(value) < 1e15)


def methods_in(claims: Mapping[str, Any]) -> frozenset[str]:
    """Return how an ID token says that its person was proven (OpenID Connect Core, section 2; RFC 8176)."""
    amr = claims.get("amr")
    told = [*(amr if isinstance(amr, list) else []), claims.get("acr")]
    return frozenset(word for word in told if isinstance(word, str))


def clean_address(value: object) -> str:
    """Return the address if it can be one, else nothing: a bad contact is no reason to turn a person away.

    Django takes halves of characters for letters of a domain and control characters for a quoted name; the
    database or a mail's header would not.
    """
    if not isinstance(value, str) or len(value) > LONGEST_ADDRESS or not value.isprintable():
        return ""
    try:
        validate_email(value)
    except ValidationError:
        return ""
    return value


def clean_name(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return "".join(letter for letter in value if letter.isprintable()).strip()[:LONGEST_NAME]
