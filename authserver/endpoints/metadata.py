"""What clients find out about us: the metadata (OpenID Connect Discovery 1.0, RFC 8414) and our public keys."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from accounts.sign_in.local import registration
from authserver import scopes
from authserver.authorization import decision
from authserver.endpoints import token
from authserver.keys import ring
from authserver.models import ProfileClaim
from authserver.protocol.responses import endpoint, json_response
from foundation import lifetimes

AUTHENTICATION = ["client_secret_basic", "client_secret_post", "none"]
CLAIMS = [
    "sub", "iss", "aud", "exp", "iat", "auth_time", "acr", "amr", "sid", "name", "email", "email_verified", "role",
    "tenant_id", "organization_ids", "org_role",
]  # fmt: skip


@endpoint("GET", "HEAD")
def metadata(_request: HttpRequest) -> HttpResponse:
    """Return the metadata, the same for OpenID Connect and for OAuth. Nothing in the request counts."""
    return _cached(document())


@endpoint("GET", "HEAD")
def jwks(_request: HttpRequest) -> HttpResponse:
    """Return our public keys (RFC 7517). They may be cached for five minutes, and a new key waits longer to sign."""
    return _cached(ring.current().jwks())


def document() -> dict[str, Any]:
    """Return the metadata as a document."""
    base = settings.PUBLIC_URL
    return {
        "issuer": base,
        "authorization_endpoint": f"{base}/oauth/authorize",
        "token_endpoint": f"{base}/oauth/token",
        "jwks_uri": f"{base}/oauth/jwks",
        "userinfo_endpoint": f"{base}/oauth/userinfo",
        "revocation_endpoint": f"{base}/oauth/revoke",
        "introspection_endpoint": f"{base}/oauth/introspect",
        "device_authorization_endpoint": f"{base}/oauth/device",
        "end_session_endpoint": f"{base}/oauth/logout",
        "scopes_supported": scopes.supported(),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query", "form_post"],
        "grant_types_supported": list(token.GRANTS),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ring.current().algorithms,
        "token_endpoint_auth_methods_supported": AUTHENTICATION,
        "revocation_endpoint_auth_methods_supported": AUTHENTICATION,
        "introspection_endpoint_auth_methods_supported": AUTHENTICATION[:2],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "require_request_uri_registration": False,
        "prompt_values_supported": _prompts(),
        "acr_values_supported": [decision.MULTIPLE, decision.SINGLE],
        "ui_locales_supported": [code for code, _name in settings.LANGUAGES],
        "claims_supported": [*CLAIMS, *ProfileClaim.objects.values_list("name", flat=True)],
    }


def _prompts() -> list[str]:
    """Return the prompts; ``create`` only where people can register (Initiating User Registration 1.0)."""
    return ["none", "login", "consent", "select_account", *(["create"] if registration.is_open() else [])]


def _cached(found: dict[str, Any]) -> HttpResponse:
    response = json_response(found)
    response.headers["Cache-Control"] = f"public, max-age={int(lifetimes.PUBLISHED_KEYS.total_seconds())}"
    del response.headers["Pragma"]
    return response
