"""What a provider's token endpoint answered, and what of it can be kept."""

import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any

LONGEST = 131_072  # characters: tokens of large companies list every group and role
LONGEST_LIFE = 366 * 86_400  # seconds


class Revoked(StrEnum):
    """What became of tokens that a provider was asked to revoke."""

    REVOKED = "revoked"
    NOT_OFFERED = "not_offered"  # the provider revokes none, or none of the kind: they end by themselves


class RefreshRefused(Exception):
    """A provider says that a refresh token is none (any more): asking again is of no use."""


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """A provider's answer, of which nothing is believed yet (RFC 6749, section 5.1)."""

    access_token: object = field(default=None, repr=False)
    refresh_token: object = field(default=None, repr=False)
    id_token: object = field(default=None, repr=False)
    expires_in: object = None
    scope: object = None


@dataclass(frozen=True, kw_only=True)
class Usable:
    """The same, as far as it is what it should be. Without ``lasts`` the provider did not say how long it will."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    id: str = field(repr=False)
    lasts: timedelta | None
    scopes: str


def usable(tokens: Tokens) -> Usable | None:
    """Return what can be kept, or None where there is no access token in it."""
    access = bearer(tokens.access_token)
    if not access:
        return None
    scopes = tokens.scope if isinstance(tokens.scope, str) and tokens.scope.isprintable() else ""
    return Usable(
        access=access,
        refresh=bearer(tokens.refresh_token),
        id=bearer(tokens.id_token),
        lasts=_life(tokens.expires_in),
        scopes=scopes[:1000],
    )


def bearer(value: object) -> str:
    """Return a token that can go into a header (RFC 6750, section 2.1), or nothing."""
    is_one = isinstance(value, str) and 0 < len(value) <= LONGEST and value.isascii() and value.isprintable()
    return str(value) if is_one else ""


def claims_of(verified: str) -> dict[str, Any]:
    """Read the claims of a token that was verified when it came; of what is none, nothing."""
    try:
        payload = verified.split(".")[1]
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _life(value: object) -> timedelta | None:
    """Some say it in a text. A life that is over already is one that was not said."""
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 10:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= LONGEST_LIFE:
        return None
    return timedelta(seconds=float(value))
