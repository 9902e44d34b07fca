"""What a provider vouches for: one value that every provider's sign-in produces and that linking starts from."""

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from heapq import heapify, heappop, heappush
from typing import Any

from foundation.canonical_email import NotAnEmail, canonical
from foundation.display_names import LONGEST_NAME, clean_name
from providers.refusal import RefusalReason, SignInRefused
from providers.tokens import Tokens

logger = logging.getLogger(__name__)

LONGEST_SUBJECT = 255  # OpenID Connect Core 2: "MUST NOT exceed 255 ASCII characters"
LARGEST_CLAIMS = 32_768  # characters of JSON
MOST_NAMED = 10  # cut claims that are listed by name
CUT = "_cut"  # the key under which the stored claims list what was cut
DEEPEST_CLAIM = 8
UNSTORABLE = re.compile("[\0\ud800-\udfff]")
OF_ONE_SIGN_IN = frozenset(
    {"acr", "aio", "amr", "at_hash", "aud", "auth_time", "azp", "c_hash", "exp", "iat", "jti", "nbf", "nonce", "rh"}
    | {"s_hash", "session_state", "sid", "typ", "uti", "ver"}
)


@dataclass(frozen=True, kw_only=True)
class ExternalIdentity:
    """A person as an issuer knows them, verified. (issuer, subject) is the key; everything else is informational.

    ``email_verified`` means that we trust this provider for this address, not only that it claims so.
    ``session`` is the provider's id (``sid``) of the session that this came from, if it has one.
    ``claims`` are those that can be stored. ``provided`` are all claims that rules may read, whatever their size, and
    ``unreadable`` the names of those that a rule needs and that could not be fetched this time.
    ``missing_claims`` names "name" and "email" if they could not be fetched: what is stored of them still holds.
    ``methods`` say how the person authenticated (``acr``, ``amr``). ``authenticated_at`` says when (``auth_time``, in
    seconds since the epoch): with single sign-on it may be long ago, and None means unknown. Neither is stored.
    ``tokens`` go to the vault.
    Raises SignInRefused if there is no usable subject.
    """

    provider: str
    issuer: str
    subject: str
    email: str = ""
    email_verified: bool = False
    name: str = ""
    session: str = ""
    methods: frozenset[str] = frozenset()
    authenticated_at: float | None = None
    claims: Mapping[str, Any] = field(default_factory=dict)
    unreadable: frozenset[str] = frozenset()
    missing_claims: frozenset[str] = frozenset()
    tokens: Tokens = field(default=Tokens(), repr=False, compare=False)
    provided: Mapping[str, Any] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if not is_subject(self.subject):
            raise SignInRefused(RefusalReason.SUBJECT_INVALID, "the subject is not a text of 1 to 255 characters")
        email = clean_address(self.email)
        object.__setattr__(self, "email", email)
        object.__setattr__(self, "email_verified", self.email_verified is True and bool(email))
        object.__setattr__(self, "name", clean_name(self.name))
        object.__setattr__(self, "session", self.session if is_subject(self.session) else "")
        provided = {name: value for name, value in self.claims.items() if name not in OF_ONE_SIGN_IN}
        object.__setattr__(self, "provided", provided)
        object.__setattr__(self, "claims", storable(provided))

    def changed(self, **values: Any) -> "ExternalIdentity":
        """Return a copy with other values. By default it starts from all the claims provided, storable or not."""
        return replace(self, **{"claims": self.provided, **values})


def is_subject(value: object) -> bool:
    """Return whether the value is a valid subject. The same limits hold for a session id (``sid``)."""
    return isinstance(value, str) and 1 <= len(value) <= LONGEST_SUBJECT and is_storable(value)


def is_storable(text: str) -> bool:
    """Return whether PostgreSQL can store the text: JSON may contain NUL and lone surrogates, PostgreSQL neither."""
    return not UNSTORABLE.search(text)


def storable(claims: Mapping[str, Any]) -> dict[str, Any]:
    """Return the claims that can be stored: without those that the database refuses, the largest cut if too long.

    What was cut is listed under ``CUT`` for later readers. Claim rules have read the claims in full.
    """
    kept = {name: value for name, value in claims.items() if name != CUT and _fits(name) and _fits(value)}
    largest = [(-_size(name, value), name) for name, value in kept.items()]
    whole = -sum(size for size, _ in largest)
    cut: dict[str, str] = {}
    heapify(largest)
    while whole > LARGEST_CLAIMS:
        size, name = heappop(largest)
        shorter = _shorter(kept.pop(name))
        cut[name] = f"{len(shorter)} of {len(claims[name])} kept" if shorter else "left out"
        whole += size
        if shorter:
            kept[name] = shorter
            whole += _size(name, shorter)
            heappush(largest, (-_size(name, shorter), name))
    return kept | {CUT: _cut_summary(cut)} if cut else kept


def _size(name: str, value: Any) -> int:
    """Return the length of a claim as JSON; the two braces account for the comma and space between claims."""
    return len(json.dumps({name: value}))


def _cut_summary(cut: Mapping[str, str]) -> dict[str, str]:
    """Return the list of cut claims, itself limited in size."""
    named = {name[:LONGEST_NAME]: cut[name] for name in list(cut)[:MOST_NAMED]}
    return named | ({"": f"{len(cut) - MOST_NAMED} others left out"} if len(cut) > MOST_NAMED else {})


def _shorter(value: Any) -> list[Any]:
    """Return the first half of a list, and nothing of any other value: half of it would mean something else."""
    return value[: len(value) // 2] if isinstance(value, list) else []


def _fits(value: Any, depth: int = 0) -> bool:
    if isinstance(value, str):
        return is_storable(value)
    if isinstance(value, Mapping):
        return depth < DEEPEST_CLAIM and all(_fits(k) and _fits(v, depth + 1) for k, v in value.items())
    if isinstance(value, list):
        return depth < DEEPEST_CLAIM and all(_fits(item, depth + 1) for item in value)
    return value is None or isinstance(value, bool) or (isinstance(value, int | float) and abs(value) < 1e15)


def beneath(more: Mapping[str, Any], claims: Mapping[str, Any]) -> dict[str, Any]:
    """Merge ``more`` into the claims, objects recursively. Where both have a value, ``claims`` wins."""
    merged = {**more, **claims}
    for name in more.keys() & claims.keys():
        if isinstance(more[name], Mapping) and isinstance(claims[name], Mapping):
            merged[name] = beneath(more[name], claims[name])
    return merged


def name_in(claims: Mapping[str, Any]) -> str:
    """Return a person's display name: the full name, its two parts, or their username (Core, section 5.1)."""
    parts = " ".join(filter(None, (clean_name(claims.get(part)) for part in ("given_name", "family_name"))))
    candidates = (claims.get("name"), parts, claims.get("preferred_username"), claims.get("login"))
    return next(filter(None, map(clean_name, candidates)), "")


def methods_in(claims: Mapping[str, Any]) -> frozenset[str]:
    """Return how the person authenticated, according to an ID token (OpenID Connect Core, section 2; RFC 8176)."""
    amr = claims.get("amr")
    values = [*(amr if isinstance(amr, list) else []), claims.get("acr")]
    return frozenset(word for word in values if isinstance(word, str))


def clean_address(value: object) -> str:
    """Return a valid email address (ADR 27), or "": an invalid address does not refuse a sign-in."""
    value = value.strip() if isinstance(value, str) else ""
    if not value:
        return ""
    try:
        canonical(value)
    except NotAnEmail as none:
        logger.warning("ignored an invalid email address from a provider: reason=%s", none.fault)
        return ""
    return value
