"""Vestibule as the BFF uses it: authorization code with PKCE, refresh, sign-out (OAuth 2.1, OpenID Connect)."""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import httpx
import jwt

ALGORITHMS = ["RS256", "ES256"]
LEEWAY = 30  # seconds between the clocks of two machines
KEYS_FRESH, KEYS_REFETCH = 300, 10  # seconds until keys are fetched again, and at least between two fetches
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
REQUIRED = {"id_token": ["exp", "iat", "sub"], "logout": ["exp", "iat", "jti", "events"]}


class Refused(Exception):
    """Vestibule, or what came from it, cannot be accepted. The text is the error code, for the log."""


class Unavailable(Exception):
    """Vestibule cannot be reached, or answers with a fault of its own. Trying again later may help."""


@dataclass(frozen=True, kw_only=True)
class Registration:
    """The BFF as it is registered at Vestibule. ``resource`` is the API for which it asks for tokens (RFC 8707)."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    redirect_uri: str
    resource: str
    scope: str = "openid profile offline_access members:read"


@dataclass(frozen=True, kw_only=True)
class Flow:
    """One sign-in under way: what proves that an answer belongs to this browser, and where the person wants to go."""

    return_to: str
    replaces: str = ""  # the id of the session that was there before
    state: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(16))
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What Vestibule has given for a person. ``expires_at`` is by ``time.monotonic``."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: float
    claims: Mapping[str, Any]  # of the ID token


class OpenIDClient:
    def __init__(self, registration: Registration) -> None:
        self.registration = registration
        self.http = httpx.AsyncClient(timeout=10)
        self._metadata: dict[str, Any] | None = None
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")

    async def authorize_url(self, flow: Flow, step_up: Mapping[str, str]) -> str:
        """Return where the person signs in. ``step_up`` is what an API asked for (RFC 9470, section 4)."""
        own = self.registration
        challenge = base64.urlsafe_b64encode(hashlib.sha256(flow.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {"response_type": "code", "client_id": own.client_id, "redirect_uri": own.redirect_uri}
        asked |= {"scope": own.scope, "resource": own.resource, "state": flow.state, "nonce": flow.nonce}
        asked |= {"code_challenge": challenge, "code_challenge_method": "S256", **step_up}
        return f"{await self._endpoint('authorization_endpoint')}?{urlencode(asked)}"

    async def redeem(self, flow: Flow, answer: Mapping[str, str]) -> Tokens:
        """Return the tokens for an answer to the redirect URI. Raises Refused and Unavailable."""
        is_own = hmac.compare_digest(answer.get("state", "").encode(), flow.state.encode())
        if not is_own or answer.get("iss") != self.registration.issuer:  # RFC 9207
            raise Refused("another_answer")
        if "code" not in answer:
            raise Refused(answer.get("error", "no_code"))
        form = {"grant_type": "authorization_code", "code": answer["code"], "code_verifier": flow.verifier}
        found = await self._ask(form | {"redirect_uri": self.registration.redirect_uri})
        claims = await self._verified(str(found.get("id_token", "")), "id_token")
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), flow.nonce.encode()):
            raise Refused("another_nonce")
        return _tokens(found, claims)

    async def refresh(self, tokens: Tokens) -> Tokens:
        """Return the successors of these tokens. Raises Refused if the person has to sign in again, and Unavailable."""
        form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
        return _tokens(await self._ask(form | {"resource": self.registration.resource}), tokens.claims)

    async def revoke(self, tokens: Tokens) -> None:
        """Revoke the whole token family. Raises Unavailable."""
        await self._call("POST", await self._endpoint("revocation_endpoint"), {"token": tokens.refresh_token})

    async def sign_out_url(self, return_to: str) -> str:
        """Return where the person signs out (RP-Initiated Logout 1.0), without an ID token in the URL."""
        own = {"client_id": self.registration.client_id, "post_logout_redirect_uri": return_to}
        return f"{await self._endpoint('end_session_endpoint')}?{urlencode(own)}"

    async def ended(self, logout_token: str) -> tuple[str, str]:
        """Return the ``sid`` and ``sub`` of a session that has ended at Vestibule (Back-Channel Logout 1.0, 2.6).

        Either may be empty. Raises Refused and Unavailable.
        """
        claims = await self._verified(logout_token, "logout")
        sid, sub = (str(claims.get(name, "")) for name in ("sid", "sub"))
        if "nonce" in claims or not isinstance(claims["events"], dict) or LOGOUT not in claims["events"]:
            raise Refused("no_logout_token")
        if not (sid or sub):
            raise Refused("nobody_is_named")
        return sid, sub

    async def _verified(self, token: str, kind: str) -> dict[str, Any]:
        """Return the claims of a token that Vestibule signed for this client."""
        try:
            header = jwt.get_unverified_header(token)
            if (header.get("typ", "").lower() == "logout+jwt") != (kind == "logout"):
                raise Refused("another_type")
            return jwt.decode(
                token,
                await self._key(str(header.get("kid"))),
                algorithms=ALGORITHMS,
                audience=self.registration.client_id,
                issuer=self.registration.issuer,
                leeway=LEEWAY,
                options={"require": REQUIRED[kind], "strict_aud": True},
            )
        except (jwt.PyJWTError, KeyError, AttributeError, RecursionError) as failed:
            raise Refused(type(failed).__name__) from None

    async def _key(self, kid: str) -> jwt.PyJWK:
        """Return a published key. Raises KeyError. Whatever strangers send, keys are fetched once in ten seconds."""
        age_allowed = KEYS_REFETCH if kid not in self._keys else KEYS_FRESH
        if time.monotonic() > self._fetched_at + age_allowed:
            found = jwt.PyJWKSet.from_dict(await self._call("GET", await self._endpoint("jwks_uri")))
            self._keys = {str(key.key_id): key for key in found.keys}
            self._fetched_at = time.monotonic()
        return self._keys[kid]

    async def _ask(self, form: Mapping[str, str]) -> dict[str, Any]:
        return await self._call("POST", await self._endpoint("token_endpoint"), form)

    async def _endpoint(self, name: str) -> str:
        if self._metadata is None:
            found = await self._call("GET", f"{self.registration.issuer}/.well-known/openid-configuration")
            if found.get("issuer") != self.registration.issuer:
                raise Unavailable("the metadata is of another issuer")
            self._metadata = found
        return str(self._metadata[name])

    async def _call(self, method: str, url: str, form: Mapping[str, str] | None = None) -> dict[str, Any]:
        """Return a JSON object; an empty one if there is no body. Raises Refused for a status of 4xx."""
        auth = httpx.BasicAuth(self.registration.client_id, self.registration.client_secret) if form else None
        try:
            response = await self.http.request(method, url, data=dict(form) if form else None, auth=auth)
            found = response.json() if response.content else {}
        except (httpx.HTTPError, ValueError) as failed:
            raise Unavailable(type(failed).__name__) from None
        if response.is_client_error and response.status_code != httpx.codes.TOO_MANY_REQUESTS:
            raise Refused(str(found.get("error")) if isinstance(found, dict) else "refused")
        if not response.is_success or not isinstance(found, dict):
            raise Unavailable(f"status {response.status_code}")
        return found


def _tokens(found: Mapping[str, Any], claims: Mapping[str, Any]) -> Tokens:
    try:
        expires_at = time.monotonic() + float(found["expires_in"])
        return Tokens(
            access_token=str(found["access_token"]),
            refresh_token=str(found["refresh_token"]),
            expires_at=expires_at,
            claims=claims,
        )
    except (KeyError, ValueError, TypeError):
        raise Refused("no_tokens") from None
