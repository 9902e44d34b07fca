"""Reads an authorization request (RFC 6749, section 4.1.1; OpenID Connect Core, section 3.1.2.1).

First who asks and where the answer goes: if that is wrong, the person sees a page, and nobody is redirected. Every
other fault is answered to the client.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from accounts.models import User
from authserver import resources, scopes
from authserver.authorization import codes
from authserver.claims import BY_CLAIM
from authserver.clients import redirects
from authserver.clients.authentication import find
from authserver.models import Client, GrantType
from authserver.protocol.errors import ErrorCode, OAuthError
from authserver.protocol.parameters import Parameters
from authserver.tokens import jwts

PROMPTS = frozenset({"none", "login", "consent", "create", "select_account"})
RESPONSE_MODES = frozenset({"query", "form_post"})
LONGEST_MAX_AGE = 10 * 365 * 86_400  # seconds
EXPECTED = "expected_sub"  # our own parameter: the person whom the hint of this request named
ASKED_AT = "asked_at"  # our own parameter: when this request sent the person to authenticate again


class AuthorizationRefused(Exception):
    """A request that must not be answered to its client: it is unknown, or the redirect URI is not registered."""

    def __init__(self, reason: str, client: Client | None = None) -> None:
        super().__init__(reason)
        self.reason, self.client = reason, client


@dataclass(frozen=True, kw_only=True)
class Destination:
    """Where the answer goes: to a registered redirect URI of an active client, with the client's ``state``."""

    client: Client
    redirect_uri: str
    state: str
    response_mode: str


@dataclass(frozen=True, kw_only=True)
class AuthorizationRequest:
    """What a client asks for. ``expected`` is the ``sub`` of the only person for whom it wants an answer, if any.

    ``acr_values`` say how the person must have authenticated (RFC 9470, section 4). Any of them is enough.
    """

    to: Destination
    scopes: list[str]
    resources: list[str]
    nonce: str = ""
    code_challenge: str = ""
    prompts: frozenset[str] = frozenset()
    max_age: int | None = None
    asked_at: int | None = None
    acr_values: list[str] = field(default_factory=list)
    expected: str = ""
    ui_locales: list[str] = field(default_factory=list)
    claims: dict[str, list[str]] = field(default_factory=dict)

    @property
    def client(self) -> Client:
        return self.to.client

    def is_for_another(self, user: User) -> bool:
        """Whether the client wants no answer for this person (OpenID Connect Core, section 3.1.2.2)."""
        return bool(self.expected) and self.expected != str(user.pk)

    @property
    def released(self) -> list[str]:
        """The scopes that the request comes to, with those that release single claims that it asks for."""
        named = {BY_CLAIM[name] for names in self.claims.values() for name in names}
        return list(dict.fromkeys([*self.scopes, *sorted(named)]))


def destination(given: Parameters) -> Destination:
    """Return where the answer goes. Raises AuthorizationRefused."""
    client = find(given.single("client_id")) if given.single("client_id") else None
    if client is None:
        raise AuthorizationRefused("client_unknown")
    if not client.is_active:
        raise AuthorizationRefused("client_stopped", client)
    uri = given.single("redirect_uri")
    if not redirects.is_registered(uri, client.redirect_uris):
        raise AuthorizationRefused("redirect_uri_unknown", client)
    mode = given.single("response_mode")
    return Destination(
        client=client,
        redirect_uri=uri,
        state=given.single("state"),
        response_mode=mode if mode in RESPONSE_MODES else "query",
    )


def read(given: Parameters, to: Destination) -> AuthorizationRequest:
    """Return the request. Raises OAuthError, which is answered to the client."""
    given.check_each_once()
    _check_kind(given, to.client)
    claims = _claims(given.get("claims"), to.client)
    return AuthorizationRequest(
        to=to,
        scopes=scopes.allowed(to.client, given.words("scope"), for_person=True),
        resources=resources.allowed(to.client, given.all("resource")),
        nonce=given.get("nonce"),
        code_challenge=_challenge(given, to.client),
        prompts=_prompts(given),
        max_age=_number(given, "max_age"),
        asked_at=_number(given, ASKED_AT),
        acr_values=given.words("acr_values"),
        expected=_expected(given, to.client),
        ui_locales=given.words("ui_locales"),
        claims=claims,
    )


def _check_kind(given: Parameters, client: Client) -> None:
    """Check what kind of request it is. Nothing that a request names is ever fetched (promise 65)."""
    if "request" in given:
        raise OAuthError(ErrorCode.REQUEST_NOT_SUPPORTED, "Request objects are not supported.")
    if "request_uri" in given:
        raise OAuthError(ErrorCode.REQUEST_URI_NOT_SUPPORTED, "Request URIs are not supported.")
    if given.require("response_type") != "code":
        raise OAuthError(ErrorCode.UNSUPPORTED_RESPONSE_TYPE, "The only response type is code.")
    if given.get("response_mode") not in {"", *RESPONSE_MODES}:
        raise OAuthError(ErrorCode.INVALID_REQUEST, "The response modes are query and form_post.")
    if not client.allows(GrantType.AUTHORIZATION_CODE):
        raise OAuthError(ErrorCode.UNAUTHORIZED_CLIENT, "The client is not registered for authorization codes.")


def _challenge(given: Parameters, client: Client) -> str:
    """Return the PKCE challenge (RFC 7636, section 4.3), which every client sends: plain ones are not supported."""
    challenge, method = given.get("code_challenge"), given.get("code_challenge_method")
    if not challenge:
        if method or not (client.is_pkce_optional and settings.PKCE_MAY_BE_OPTIONAL):
            raise OAuthError(ErrorCode.INVALID_REQUEST, "A code_challenge is required (PKCE, RFC 7636).")
        return ""
    if method != "S256" or not codes.CHALLENGE.match(challenge):
        raise OAuthError(ErrorCode.INVALID_REQUEST, "The code_challenge_method is S256, with a challenge of SHA-256.")
    return challenge


def _prompts(given: Parameters) -> frozenset[str]:
    prompts = frozenset(given.words("prompt"))
    if not prompts <= PROMPTS or ("none" in prompts and len(prompts) > 1):
        raise OAuthError(ErrorCode.INVALID_REQUEST, "The prompt is none, or some of login, consent, create and so on.")
    return prompts


def _number(given: Parameters, name: str) -> int | None:
    text = given.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 12):
        raise OAuthError(ErrorCode.INVALID_REQUEST, f"The parameter {name} is a number of seconds.")
    return int(text) if name == ASKED_AT else min(int(text), LONGEST_MAX_AGE)


def _expected(given: Parameters, client: Client) -> str:
    """Return the ``sub`` that the request names: by an ID token, by a requested claim, or before a sign-in here."""
    named = {_hinted(given.get("id_token_hint"), client), _requested_sub(given.get("claims")), given.get(EXPECTED)}
    named.discard("")
    if len(named) > 1:
        raise OAuthError(ErrorCode.INVALID_REQUEST, "The request names two different people.")
    return named.pop() if named else ""


def _hinted(token: str, client: Client) -> str:
    """Return the person whom an ID token of this client names, however old it is (OpenID Connect Core, 3.1.2.1)."""
    if not token:
        return ""
    try:
        claims = jwts.verify(token, typ=jwts.ID, is_over_allowed=True)
    except jwts.TokenRefused:
        claims = {}
    if claims.get("aud") != client.client_id:
        raise OAuthError(ErrorCode.INVALID_REQUEST, "The id_token_hint is not an ID token of this client.")
    return str(claims.get("sub", ""))


def _requested_sub(text: str) -> str:
    """Return the value that the parameter ``claims`` requests for ``sub`` (OpenID Connect Core, section 5.5.1)."""
    for asked in _asked(text).values():
        wish = asked.get("sub") if isinstance(asked, dict) else None
        if isinstance(wish, dict) and isinstance(wish.get("value"), str):
            if not wish["value"].isprintable():  # JSON can escape what no URL can carry, such as half a surrogate pair
                raise OAuthError(ErrorCode.INVALID_REQUEST, "The requested sub is none.")
            return str(wish["value"])
    return ""


def _asked(text: str) -> dict[str, Any]:
    """Return the parameter ``claims`` as an object. Raises OAuthError."""
    try:
        asked = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        asked = None
    if not isinstance(asked, dict):
        raise OAuthError(ErrorCode.INVALID_REQUEST, "The parameter claims is a JSON object.")
    return asked


def _claims(text: str, client: Client) -> dict[str, list[str]]:
    """Return the single claims that are asked for, by place (OpenID Connect Core, section 5.5).

    Only those that we know, and that a scope releases which the client may ask for. Others are ignored.
    """
    asked = _asked(text)
    found = {place: _known(asked.get(place), client) for place in ("userinfo", "id_token")}
    return {place: names for place, names in found.items() if names}


def _known(asked: Any, client: Client) -> list[str]:
    if not isinstance(asked, Mapping):
        return []
    return [name for name in asked if BY_CLAIM.get(name) in client.scopes]
