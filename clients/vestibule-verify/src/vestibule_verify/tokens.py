"""What a verified access token says (RFC 9068), as a value that cannot be changed."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from uuid import UUID

from vestibule_verify.errors import Realm, Unacceptable

SERVICE_UUID = 8  # the version of the UUIDs of programs; people have those of version 4
DEEPEST = 10  # actors in a chain


@dataclass(frozen=True, kw_only=True)
class Meaning:
    """What a back end makes of tokens: the claim that is the tier, tiers from the lowest, scopes that imply others."""

    realm: Realm
    tier_claim: str = ""
    tiers: tuple[str, ...] = ()
    implied: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def with_implied(self, scopes: Collection[str]) -> frozenset[str]:
        """Return scopes together with all that they imply."""
        return frozenset(scopes).union(*(self.implied.get(scope, frozenset()) for scope in scopes))


@dataclass(frozen=True, kw_only=True)
class Actor:
    """Who acts for the subject of a token (RFC 8693, section 4.1)."""

    subject: str
    client_id: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class AccessToken:
    """A verified access token. Times are seconds since 1970.

    ``scopes`` are the words of the token, ``granted`` has those too that they imply.
    ``tenant_id`` is the organization for which the person authorized the client, ``org_role`` their role there, and
    ``organization_ids`` are all of their organizations that the client may know about. ``role`` is that in the site.
    ``acr``, ``amr`` and ``auth_time`` say how and when the person signed in.
    ``act`` are those who act for the subject, the present one first. ``jti`` is empty for an opaque token.
    ``claims`` has everything that the token says.
    """

    subject: str
    client_id: str
    scopes: frozenset[str]
    granted: frozenset[str]
    audience: tuple[str, ...]
    issued_at: int
    expires_at: int
    jti: str
    tenant_id: str | None
    role: str | None
    org_role: str | None
    organization_ids: tuple[str, ...]
    acr: str | None
    amr: tuple[str, ...]
    auth_time: int | None
    tier: str | None
    act: tuple[Actor, ...]
    claims: Mapping[str, Any] = field(repr=False, compare=False)
    meaning: Meaning = field(repr=False, compare=False)

    def allows(self, scope: str, *, tenant: str | None = None) -> bool:
        """Whether the token has a scope, or one that implies it.

        In a tenant, ``org:<tenant>:<scope>`` counts as the scope too.
        """
        if scope in self.granted:
            return True
        if not tenant:
            return False
        begin = f"org:{tenant}:"
        here = {word.removeprefix(begin) for word in self.scopes if word.startswith(begin)}
        return scope in self.meaning.with_implied(here)

    @property
    def is_service(self) -> bool:
        """Whether the client acts in its own name, without a person."""
        return self.subject == self.client_id or _version(self.subject) == SERVICE_UUID

    @property
    def is_person(self) -> bool:
        """Whether the token is about a person. Neither this nor ``is_service`` holds for a subject of another kind."""
        return not self.is_service and self.role is not None


def read_claims(claims: dict[str, Any], meaning: Meaning) -> AccessToken:
    """Return what claims say, whose issuer, audience and times were checked. Raises Unacceptable for a wrong type."""
    scope = _text(claims, "scope") or ""
    scopes = frozenset(scope.split())
    return AccessToken(
        subject=_required(claims, "sub"),
        client_id=_required(claims, "client_id"),
        scopes=scopes,
        granted=meaning.with_implied(scopes),
        audience=audience_of(claims),
        issued_at=claims["iat"],
        expires_at=claims["exp"],
        jti=_text(claims, "jti") or "",
        tenant_id=_text(claims, "tenant_id"),
        role=_text(claims, "role"),
        org_role=_text(claims, "org_role"),
        organization_ids=_texts(claims, "organization_ids"),
        acr=_text(claims, "acr"),
        amr=_texts(claims, "amr"),
        auth_time=_integer(claims, "auth_time"),
        tier=_text(claims, meaning.tier_claim) if meaning.tier_claim else None,
        act=_actors(claims.get("act")),
        claims=MappingProxyType(claims),
        meaning=meaning,
    )


def audience_of(claims: Mapping[str, Any]) -> tuple[str, ...]:
    """Return for whom the token is. Raises Unacceptable for a wrong type."""
    found = claims.get("aud")
    return (found,) if isinstance(found, str) else _texts(claims, "aud")


def check_times(claims: Mapping[str, Any], *, now: float, leeway: float) -> None:
    """Raises Unacceptable for a token that has expired or does not count yet, and for one without its times."""
    expires, issued, begins = (_integer(claims, name) for name in ("exp", "iat", "nbf"))
    if expires is None or issued is None:
        raise Unacceptable("no_times")
    if expires + leeway <= now:
        raise Unacceptable("expired")
    if max(issued, begins or issued) > now + leeway:
        raise Unacceptable("not_yet_valid")


def _required(claims: Mapping[str, Any], name: str) -> str:
    found = _text(claims, name)
    if not found:
        raise Unacceptable(f"no_{name}")
    return found


def _text(claims: Mapping[str, Any], name: str) -> str | None:
    found = claims.get(name)
    if found is not None and not isinstance(found, str):
        raise Unacceptable(f"wrong_{name}")
    return found


def _integer(claims: Mapping[str, Any], name: str) -> int | None:
    found = claims.get(name)
    if found is not None and type(found) is not int:  # True is an int too
        raise Unacceptable(f"wrong_{name}")
    return found


def _texts(claims: Mapping[str, Any], name: str) -> tuple[str, ...]:
    found = claims.get(name)
    if found is None:
        return ()
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise Unacceptable(f"wrong_{name}")
    return tuple(found)


def _actors(found: Any) -> tuple[Actor, ...]:
    chain: list[Actor] = []
    while found is not None:
        if not isinstance(found, dict) or len(chain) == DEEPEST:
            raise Unacceptable("wrong_act")
        chain.append(Actor(subject=_required(found, "sub"), client_id=_text(found, "client_id")))
        found = found.get("act")
    return tuple(chain)


def _version(text: str) -> int | None:
    try:
        return UUID(text).version
    except ValueError:
        return None
