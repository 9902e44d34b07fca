"""The verifier: from a request to an access token that counts, or to a refusal."""

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from vestibule_verify import jws, resource_metadata
from vestibule_verify.bearer import Request, credential_of
from vestibule_verify.errors import (
    AccessRefused,
    InvalidToken,
    Realm,
    Unacceptable,
    Unavailable,
    VerifierUnavailable,
)
from vestibule_verify.fetching import Fetcher
from vestibule_verify.guards import Guard
from vestibule_verify.introspection import Answer, Introspection, Introspector
from vestibule_verify.issuer import Issuer
from vestibule_verify.key_cache import KeyCache, KeySet, KeyTimes
from vestibule_verify.tokens import AccessToken, Meaning, audience_of, check_times, read_claims

logger = logging.getLogger("vestibule_verify")
OPAQUE = "vat_"  # how Vestibule's opaque access tokens begin
LARGEST_LEEWAY = 120  # seconds


@dataclass(kw_only=True, eq=False)
class Verifier:
    """Verifies access tokens of one issuer for one back end. Make one for each process, and use it in all threads.

    ``issuer`` is the ``PUBLIC_URL`` of Vestibule. ``audience`` is the identifier of this back end's resource server, or
    several, of which the first is the one in the metadata. Times are seconds: ``leeway`` is for the clocks of two
    machines, the others are explained in the README. ``tier_claim`` names the claim for ``requires(tier=…)`` and
    ``tiers`` lists its values from the lowest. ``implied_scopes`` has scopes with those that they include.
    Raises ValueError for a contradiction.
    """

    issuer: str
    audience: str | Collection[str]
    name: str = ""
    scopes_supported: Collection[str] = ()
    implied_scopes: Mapping[str, Collection[str]] = field(default_factory=dict)
    tier_claim: str = ""
    tiers: Collection[str] = ()
    introspection: Introspection | None = field(default=None, repr=False)
    leeway: int = 30
    keys_fresh: float = 300.0
    keys_stale: float = 900.0
    keys_refetch: float = 10.0
    timeout: float = 5.0
    most_verified: int = 1024

    def __post_init__(self) -> None:
        self._audience = (self.audience,) if isinstance(self.audience, str) else tuple(self.audience)
        if not self._audience or not all(self._audience) or not 0 <= self.leeway <= LARGEST_LEEWAY:
            raise ValueError("an audience is required, and a leeway of two minutes at most")
        self._audiences = frozenset(self._audience)
        self.realm: Realm = resource_metadata.realm_of(self._audience[0])
        self._meaning = Meaning(
            realm=self.realm,
            tier_claim=self.tier_claim,
            tiers=tuple(self.tiers),
            implied=_closed(self.implied_scopes),
        )
        issuer = Issuer(self.issuer, Fetcher(self.timeout))
        times = KeyTimes(fresh=self.keys_fresh, stale=self.keys_stale, refetch=self.keys_refetch)
        self._keys = KeyCache(issuer.keys, times, most_verified=self.most_verified)
        self._introspector = Introspector(self.introspection, issuer) if self.introspection else None

    @property
    def metadata_path(self) -> str:
        return resource_metadata.metadata_path(self._audience[0])

    def metadata(self) -> dict[str, Any]:
        """Return the metadata of this back end (RFC 9728)."""
        return resource_metadata.metadata(self._audience[0], self.issuer, scopes=self.scopes_supported, name=self.name)

    def verify(self, request: Request, guard: Guard | None = None) -> AccessToken:
        """Return the access token of a request that meets the guard. Raises AccessRefused.

        It waits for Vestibule if keys have to be fetched or the token has to be introspected.
        """
        try:
            return _guarded(self.verify_token(credential_of(request, self.realm)), guard)
        except AccessRefused as refused:
            raise _naming_scope(refused, guard) from None

    async def verify_async(self, request: Request, guard: Guard | None = None) -> AccessToken:
        """Do the same without blocking the event loop: what waits, waits in a thread."""
        try:
            text = credential_of(request, self.realm)
            token = self._answered(text, self._without_waiting)
            if token is None:
                token = await asyncio.to_thread(self.verify_token, text)
            return _guarded(token, guard)
        except AccessRefused as refused:
            raise _naming_scope(refused, guard) from None

    def verify_token(self, token: str) -> AccessToken:
        """Return what a token says, if it counts. Raises AccessRefused."""
        found = self._answered(token, self._waiting)
        if found is None:
            raise self._unavailable("no answer")
        return found

    def _answered(self, text: str, way: Callable[[str, bytes], AccessToken | None]) -> AccessToken | None:
        try:
            return way(text, _digest(text))
        except Unacceptable as refused:
            raise InvalidToken(
                "The access token is unknown, expired, revoked, or not for us.", realm=self.realm, reason=str(refused)
            ) from None
        except Unavailable as failed:
            raise self._unavailable(str(failed)) from None

    def _without_waiting(self, text: str, digest: bytes) -> AccessToken | None:
        return self._judged(text, digest, self._keys.find, lambda: self._remembered(digest))

    def _waiting(self, text: str, digest: bytes) -> AccessToken | None:
        return self._judged(text, digest, self._keys.get, lambda: self._asked(text, digest))

    def _judged(
        self,
        text: str,
        digest: bytes,
        keys: Callable[[str | None], KeySet | None],
        answer: Callable[[], Answer | None],
    ) -> AccessToken | None:
        """Return what a token says, or None if that needs keys or an answer that are not there without waiting."""
        if text.startswith(OPAQUE):
            if self._introspector is None:
                raise Unacceptable("opaque")
            return self._introspected(answer())
        token = self._offline(text, digest, keys)
        if token is None or self._introspector is None or not self._introspector.chosen.always:
            return token
        now = self._introspected(answer())
        if now is not None and (now.subject, now.client_id) != (token.subject, token.client_id):
            raise Unacceptable("another_answer")
        return now

    def _offline(self, text: str, digest: bytes, keys: Callable[[str | None], KeySet | None]) -> AccessToken | None:
        held = keys(None)
        if held is None:
            return None
        known = held.verified.get(digest)
        if known is not None and known.expires_at > time.time():
            return known
        parsed = jws.parse(text)
        held = keys(parsed.kid)
        if held is None:
            return None
        key = held.keys.get(parsed.kid)
        if key is None or parsed.algorithm not in key.algorithms:
            raise Unacceptable("unknown_key")
        if not key.verifies(parsed.signed, parsed.signature):
            raise Unacceptable("signature")
        token = self._checked(parsed.claims)
        if not token.jti:
            raise Unacceptable("no_jti")
        held.verified.put(digest, token)
        return token

    def _checked(self, claims: dict[str, Any]) -> AccessToken:
        if claims.get("iss") != self.issuer:
            raise Unacceptable("issuer")
        if self._audiences.isdisjoint(audience_of(claims)):
            raise Unacceptable("audience")
        check_times(claims, now=time.time(), leeway=self.leeway)
        return read_claims(claims, self._meaning)

    def _introspected(self, answer: Answer | None) -> AccessToken | None:
        """Return what an answer says. A refresh token has no audience, so it is none (RFC 7662, section 2.2)."""
        if answer is None:
            return None
        if answer["active"] is not True or str(answer.get("token_type", "")).lower() != "bearer":
            raise Unacceptable("inactive")
        return self._checked(answer)

    def _remembered(self, digest: bytes) -> Answer | None:
        return self._introspector.remembered(digest) if self._introspector else None

    def _asked(self, text: str, digest: bytes) -> Answer | None:
        return self._introspector.ask(text, digest) if self._introspector else None

    def _unavailable(self, reason: str) -> VerifierUnavailable:
        logger.warning("access tokens cannot be verified: %s", reason)
        return VerifierUnavailable("The access token cannot be verified now.", realm=self.realm, reason=reason)


def _digest(text: str) -> bytes:
    if len(text) > jws.LONGEST or not text.isascii():
        raise Unacceptable("malformed")
    return sha256(text.encode()).digest()


def _guarded(token: AccessToken, guard: Guard | None) -> AccessToken:
    return token if guard is None else guard.check(token)


def _naming_scope(refused: AccessRefused, guard: Guard | None) -> AccessRefused:
    """Add the scopes of the guard to a challenge, so that a client knows what to ask for (RFC 6750, section 3)."""
    if guard is not None and guard.scope and refused.status == 401:
        refused.parameters.setdefault("scope", guard.scope)
    return refused


def _closed(implied: Mapping[str, Collection[str]]) -> dict[str, frozenset[str]]:
    """Return each scope with all that it implies, directly or through others."""
    found = {}
    for scope in implied:
        reached, waiting = set[str](), [scope]
        while waiting:
            new = set(implied.get(waiting.pop(), ())) - reached
            reached |= new
            waiting += new
        found[scope] = frozenset(reached)
    return found
