"""The userinfo endpoint (OpenID Connect Core, section 5.3): what a client may know about its person, as it is now."""

from django.http import HttpRequest, HttpResponse

from authserver import claims, scopes
from authserver.protocol.bearer_credential import BearerError
from authserver.protocol.errors import ErrorCode
from authserver.protocol.responses import endpoint, json_response
from authserver.tokens import bearer


@endpoint("GET", "POST")
def userinfo(request: HttpRequest) -> HttpResponse:
    """Return the claims that the token's scopes release, or that the client asked for. ``sub`` is the ID token's."""
    token = bearer.from_request(request, scope=scopes.OPENID)
    facts = token.read_person()
    if facts is None or token.family is None:
        raise BearerError(ErrorCode.INVALID_TOKEN, "The access token is not a person's.", reason="of_nobody")
    asked = claims.still_asked(token.client, token.family.claims.get("userinfo", ()))
    about = claims.identity_claims(facts, scopes.still_allowed(token.client, token.scopes), asked)
    return json_response(about | {"sub": token.subject})
