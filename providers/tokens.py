"""The answer of a provider's token endpoint, and the part of it that can be stored."""

import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

LONGEST = 131_072  # characters: tokens of large companies list every group and role
LONGEST_LIFE = 366 * 86_400  # seconds


class Revoked(StrEnum):
    """The result of a revocation at a provider."""

    REVOKED = "revoked"
    NOT_OFFERED = "not_offered"  # not supported, at all or for this kind of token; the tokens expire


class RefreshRefused(Exception):
    """The provider refused the refresh token as invalid. A retry cannot succeed."""


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """A token endpoint's answer, not yet validated (RFC 6749, section 5.1)."""

    access_token: object = field(default=None, repr=False)
    refresh_token: object = field(default=None, repr=False)
    id_token: object = field(default=None, repr=False)
    expires_in: object = None
    scope: object = None


@dataclass(frozen=True, kw_only=True)
class Usable:
    """The validated part of an answer. ``lasts`` is None if the provider gave no (valid) lifetime."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    id: str = field(repr=False)
    lasts: timedelta | None
    scopes: str


def usable(tokens: Tokens) -> Usable | None:
    """Return what can be stored, or None if there is no valid access token."""
    access = bearer(tokens.access_token)
    if not access:
        return None
    scopes = tokens.scope if isinstance(tokens.scope, str) and tokens.scope.isprintable() else ""
    return Usable(
        access=access,
        refresh=bearer(tokens.refresh_token),
        id=bearer(tokens.id_token),
        lasts=_lifetime(tokens.expires_in),
        scopes=scopes[:1000],
    )


def bearer(value: object) -> str:
    """Return a token that can go into a header (RFC 6750, section 2.1), or ""."""
    is_one = isinstance(value, str) and 0 < len(value) <= LONGEST and value.isascii() and value.isprintable()
    return str(value) if is_one else ""


def claims_of(verified: str) -> dict[str, Any]:
    """Return the claims of a stored token that was verified on arrival, or {} if it is not a token."""
    try:
        payload = verified.split(".")[1]
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _lifetime(value: object) -> timedelta | None:
    """Return a lifetime in seconds as a timedelta. Some providers send it as text. An invalid one counts as missing."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= LONGEST_LIFE:
        return None
    return timedelta(seconds=float(value))
