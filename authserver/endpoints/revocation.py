"""The revocation endpoint (RFC 7009): a client is done with a token, or knows that others have it."""

from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse

from audit.context import acting
from audit.events import record
from authserver import events
from authserver.clients.authentication import actor_of, authenticate
from authserver.models import AccessToken, Client, TokenFamily
from authserver.protocol.parameters import in_form
from authserver.protocol.responses import endpoint, json_response
from authserver.tokens import access, jwts, refresh_tokens, revocation
from authserver.tokens.digests import digest_of
from authserver.tokens.jwts import TokenRefused

BY_CLIENT = "by_client"


@endpoint("POST")
def revoke(request: HttpRequest) -> HttpResponse:
    """Revoke a token of this client. The answer is the same for a token that is unknown, expired or another's.

    The form of the token says what it is; ``token_type_hint`` is not needed.
    """
    form = in_form(request)
    client = authenticate(request, form)
    token = form.require("token")
    with acting(actor=actor_of(client), tenant_id=client.tenant_id), transaction.atomic():
        if token.startswith(refresh_tokens.PREFIX):
            _revoke_refresh_token(client, token)
        elif token.startswith(access.PREFIX):
            _revoke_opaque(client, token)
        else:
            _revoke_jwt(client, token)
    return json_response({})


def _revoke_refresh_token(client: Client, text: str) -> None:
    """Revoke the whole family (RFC 7009, section 2.1). A token that was replaced since does that as well."""
    token = refresh_tokens.read(text)
    family = TokenFamily.objects.filter(pk=token.family, client=client).first() if token else None
    if family and revocation.revoke_family(family, reason=BY_CLIENT):
        _record(client, family.user_id)


def _revoke_opaque(client: Client, text: str) -> None:
    token = AccessToken.objects.filter(digest=digest_of(text), client=client).select_related("family").first()
    if token and revocation.revoke_opaque(token.digest):
        _record(client, token.family.user_id if token.family else None)


def _revoke_jwt(client: Client, text: str) -> None:
    try:
        claims = jwts.verify(text, typ=jwts.ACCESS)
    except TokenRefused:
        return
    is_own = claims["client_id"] == client.client_id
    if is_own and revocation.revoke_jwt(claims["jti"], expires_at=claims["exp"]):
        _record(client, UUID(claims["sub"]) if "family" in claims else None)


def _record(client: Client, person: UUID | None) -> None:
    record(events.TOKENS_REVOKED, person=person, object=client, app=client.client_id, reason=BY_CLIENT)
