"""Upstream issuers and their access tokens, signed with the keys that the sandbox's providers publish."""

import time
from typing import Any

from providers.models import UpstreamIssuer
from providers.upstream_tokens import UpstreamToken, UpstreamTokenRefused, check
from sandbox.drafts import Signer, compact
from sandbox.providers import Provider
from sandbox.server import Sandbox

API, CLIENT = "https://api.example", "an-app-at-the-issuer"


def configured(sandbox: Sandbox, provider: Provider = Provider.KEYCLOAK, **fields: Any) -> UpstreamIssuer:
    """Configure a provider of the sandbox as an upstream issuer, as a superuser does: what is wrong is refused."""
    values = {
        "name": "Somebody else",
        "issuer": sandbox.world.issuer(provider),
        "audiences": [API],
        "scopes": {"read:books": ["books:read"], "read:me": ["profile"]},
    }
    issuer = UpstreamIssuer(**{**values, **fields})
    issuer.full_clean()
    issuer.save()
    return issuer


def access_token(
    sandbox: Sandbox,
    provider: Provider = Provider.KEYCLOAK,
    *,
    headers: dict[str, Any] | None = None,
    signer: Signer | None = None,
    **claims: Any,
) -> str:
    """Sign valid claims of an access token (RFC 9068) with the issuer's own key, with changes; None omits a claim."""
    key, now = sandbox.world.ring(provider).current, int(time.time())
    honest: dict[str, Any] = {
        "iss": sandbox.world.issuer(provider),
        "aud": API,
        "sub": "sub-of-ada",
        "client_id": CLIENT,
        "scope": "openid read:books",
        "iat": now,
        "exp": now + 300,
    }
    kept = {name: value for name, value in (honest | claims).items() if value is not None}
    named = {"alg": "RS256", "kid": key.kid, "typ": "at+jwt"} | (headers or {})
    return compact({name: value for name, value in named.items() if value is not None}, kept, signer or key.sign)


def refusal(token: str) -> str | None:
    """Return why a token is refused, or None if it works."""
    found = result(token)
    return found.reason if isinstance(found, UpstreamTokenRefused) else None


def result(token: str) -> UpstreamToken | UpstreamTokenRefused:
    try:
        return check(token)
    except UpstreamTokenRefused as refused:
        return refused
