"""Guards: what an endpoint requires of an access token. They are values, and ``&`` combines them."""

import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Literal
from uuid import UUID

from vestibule_verify.errors import InsufficientScope, InsufficientUserAuthentication
from vestibule_verify.tokens import AccessToken

Tenant = UUID | str | Literal[True] | None
CLOCKS = 30  # seconds by which the clock of Vestibule may be ahead


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """What one call of ``requires`` named. An empty field requires nothing."""

    scopes: tuple[str, ...] = ()
    tenant: Tenant = None
    roles: tuple[str, ...] = ()
    org_roles: tuple[str, ...] = ()
    tier: str = ""
    fresh: int = 0
    acr: tuple[str, ...] = ()

    def missing(self, token: AccessToken) -> Iterator[str]:
        """Yield what the token lacks, in words for the caller. They name no value that came with the request."""
        tenant = token.tenant_id if self.tenant is True else str(self.tenant or "")
        for scope in self.scopes:
            if not token.allows(scope, tenant=tenant):
                yield f"the scope {scope}"
        if self.roles and token.role not in self.roles:
            yield f"the role {' or '.join(self.roles)}"
        if self.tenant is not None and not self._is_in_tenant(token):
            yield "an organization" if self.tenant is True else "membership in this organization"
        if self.org_roles and (token.tenant_id is None or token.org_role not in self.org_roles):
            yield f"the role {' or '.join(self.org_roles)} in the organization"
        if self.tier and not self._reaches_tier(token):
            yield f"the tier {self.tier}"

    def _is_in_tenant(self, token: AccessToken) -> bool:
        """``org_role`` is the role in the active organization, so together with it only that one counts."""
        if self.tenant is True:
            return token.tenant_id is not None
        known = () if self.org_roles else token.organization_ids
        return bool(self.tenant) and str(self.tenant) in {token.tenant_id, *known}

    def _reaches_tier(self, token: AccessToken) -> bool:
        order = token.meaning.tiers
        if token.tier in order and self.tier in order:
            return order.index(token.tier) >= order.index(self.tier)
        return token.tier == self.tier

    def is_signed_in_well(self, token: AccessToken, now: float) -> bool:
        """Whether the person signed in lately enough, and in one of the ways that count."""
        if self.acr and token.acr not in self.acr:
            return False
        if not self.fresh:
            return True
        return token.auth_time is not None and now - self.fresh <= token.auth_time <= now + CLOCKS


@dataclass(frozen=True, kw_only=True)
class Guard:
    """Requirements that a token must all meet."""

    requirements: tuple[Requirement, ...]

    def __and__(self, other: "Guard") -> "Guard":
        return Guard(requirements=self.requirements + other.requirements)

    def in_tenant(self, tenant: UUID | str) -> "Guard":
        """Return the guard for one tenant, as a request names it. One that it names itself stays required."""
        open_ones = (replace(one, tenant=tenant) if one.tenant in (None, True) else one for one in self.requirements)
        return Guard(requirements=(*open_ones, Requirement(tenant=tenant)))

    @property
    def scope(self) -> str:
        """All scopes that are required, as challenges name them."""
        return " ".join(dict.fromkeys(scope for one in self.requirements for scope in one.scopes))

    def check(self, token: AccessToken) -> AccessToken:
        """Return the token. Raises InsufficientScope, and InsufficientUserAuthentication if only that is missing."""
        missing = list(dict.fromkeys(what for one in self.requirements for what in one.missing(token)))
        realm = token.meaning.realm
        if missing:
            named = {"scope": self.scope} if self.scope else {}
            raise InsufficientScope(f"The token lacks {', '.join(missing)}.", realm=realm, reason="guard", **named)
        now = time.time()
        if not all(one.is_signed_in_well(token, now) for one in self.requirements):
            raise InsufficientUserAuthentication(
                "A newer or stronger sign-in is needed.", realm=realm, reason="guard", **self._wanted_sign_in()
            )
        return token

    def _wanted_sign_in(self) -> dict[str, str]:
        """Return what a client passes on to the authorization endpoint (RFC 9470, section 3)."""
        acr = next((one.acr for one in self.requirements if one.acr), ())
        ages = [one.fresh for one in self.requirements if one.fresh]
        named = {"acr_values": " ".join(acr)} if acr else {}
        return named | ({"max_age": str(min(ages))} if ages else {})


def requires(  # noqa: PLR0913  # an endpoint names what it requires, and leaves out the rest
    *,
    scope: str | Collection[str] = (),
    tenant: Tenant = None,
    role: str | Collection[str] = (),
    org_role: str | Collection[str] = (),
    tier: str | None = None,
    fresh: int | None = None,
    acr: str | Collection[str] = (),
) -> Guard:
    """Return a guard that requires everything that is named.

    ``scope``: words, all of them. ``tenant``: True for any active organization, or the ID of one of the person's
    organizations; together with ``org_role`` it must be the active one. ``role``, ``org_role``, ``acr``: one of them.
    ``tier``: this one, or a higher one if the verifier knows their order. ``fresh``: seconds since the sign-in.
    Raises ValueError for a requirement that is empty or cannot stand in a challenge.
    """
    words = [_words(one) for one in (scope, role, org_role, acr)]
    if tier == "" or (fresh is not None and fresh <= 0):
        raise ValueError("a requirement is empty")
    return Guard(
        requirements=(
            Requirement(
                scopes=words[0], tenant=tenant, roles=words[1], org_roles=words[2],
                tier=_printable(tier or ""), fresh=fresh or 0, acr=words[3],
            ),
        )
    )  # fmt: skip


def _words(given: str | Collection[str]) -> tuple[str, ...]:
    if given == "" or (isinstance(given, str) and not given.split()):
        raise ValueError("a requirement is empty")
    return tuple(_printable(word) for word in (given.split() if isinstance(given, str) else given))


def _printable(word: str) -> str:
    if not word.isascii() or (word and not word.isprintable()) or '"' in word or "\\" in word:
        raise ValueError(f"{word!r} cannot stand in a challenge (RFC 6750, section 3)")
    return word
