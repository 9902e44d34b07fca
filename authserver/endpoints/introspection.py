"""The introspection endpoint (RFC 7662): a resource server asks what a token is worth now."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from authserver import claims
from authserver.clients.authentication import authenticate
from authserver.models import Client
from authserver.protocol.bearer_credential import BearerError
from authserver.protocol.errors import ErrorCode, OAuthError
from authserver.protocol.parameters import in_form
from authserver.protocol.responses import endpoint, json_response
from authserver.tokens import access, bearer, refresh_tokens, validity
from authserver.tokens.bearer import BearerToken
from foundation import lifetimes

Answer = dict[str, Any]
INACTIVE: Answer = {"active": False}  # nothing more, whatever the reason (RFC 7662, section 2.2)


@endpoint("POST")
def introspect(request: HttpRequest) -> HttpResponse:
    """Answer a confidential client about a token of its own, or one for a resource server that it is registered with.

    Of all others it learns nothing. ``token_type_hint`` is not needed: the form of the token says what it is.
    """
    form = in_form(request)
    client = authenticate(request, form)
    if client.is_public:
        raise OAuthError(ErrorCode.INVALID_CLIENT, "Only a client with a secret may ask about tokens.", status=401)
    token = form.require("token")
    is_refresh_token = token.startswith(refresh_tokens.PREFIX)
    return json_response(_refresh_token(client, token) if is_refresh_token else _access_token(client, token))


def _access_token(client: Client, text: str) -> Answer:
    try:
        token = bearer.check(text)
    except BearerError:
        return INACTIVE
    if token.client.pk != client.pk and not set(token.audience) & _served_by(client):
        return INACTIVE
    about = _about(token)
    if about is None:
        return INACTIVE
    said = {
        "active": True,
        "iss": settings.PUBLIC_URL,
        "sub": token.subject,
        "aud": token.audience[0] if len(token.audience) == 1 else list(token.audience),
        "client_id": token.client.client_id,
        "scope": " ".join(token.scopes),
        "token_type": "Bearer",
        "iat": token.issued_at,
        "exp": token.expires_at,
    }
    return about | said | ({"jti": token.jti} if token.jti else {})


def _served_by(client: Client) -> set[str]:
    """Return the resource servers for which a client may ask. That of the site, ourselves, no tenant's client is."""
    return set(client.resources) - ({settings.PUBLIC_URL} if client.tenant_id else set())


def _about(token: BearerToken) -> Answer | None:
    """Return what is true of the person now, which may be less than the token says.

    None without an account, and if the client does not serve the person any more.
    """
    if token.user_id is None:
        return {}
    facts = token.read_person()
    if facts is None or token.family is None:
        return None
    return access.authentication_claims(token.family) | claims.authorization_claims(facts)


def _refresh_token(client: Client, text: str) -> Answer:
    """A refresh token is its client's alone, and counts until it is used."""
    family = validity.find_refreshable(client, text)
    if family is None:
        return INACTIVE
    ends_at = min(family.expires_at, family.rotated_at + lifetimes.REFRESH_UNUSED)
    return {
        "active": True,
        "iss": settings.PUBLIC_URL,
        "sub": str(family.user_id),
        "client_id": client.client_id,
        "scope": " ".join(family.scopes),
        "iat": int(family.rotated_at.timestamp()),
        "exp": int(ends_at.timestamp()),
    }
