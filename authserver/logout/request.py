"""Reads a logout request of a client (OpenID Connect RP-Initiated Logout 1.0, section 2)."""

from dataclasses import dataclass

from authserver.clients.authentication import find
from authserver.models import Client
from authserver.protocol.errors import OAuthError
from authserver.protocol.parameters import Parameters
from authserver.tokens import jwts

LONGEST = 6000  # characters of the request as a URL: it is redirected to itself, and servers accept 8,192


class LogoutRefused(Exception):
    """A request that is wrong. Nobody is signed out by it or redirected; the person sees a page."""

    def __init__(self, reason: str, client: Client | None = None) -> None:
        super().__init__(reason)
        self.reason, self.client = reason, client


@dataclass(frozen=True, kw_only=True)
class LogoutRequest:
    """What a client asks for.

    ``hinted`` and ``hinted_sid`` are the person and the session of its ID token, and empty without a hint. Without
    ``redirect_uri`` nobody is redirected.
    """

    client: Client | None = None
    hinted: str = ""
    hinted_sid: str = ""
    redirect_uri: str = ""
    state: str = ""

    @property
    def is_proven(self) -> bool:
        """Whether an ID token shows that the request comes from the client of the person."""
        return bool(self.hinted)


def read(given: Parameters) -> LogoutRequest:
    """Return the request. Raises LogoutRefused.

    The hint is an ID token that we signed, however old it is. The redirect URI is one that its client has registered
    for this purpose, compared as a string.
    """
    _check_form(given)
    client, hint = None, {}
    if given.get("id_token_hint"):
        hint = _hint(given.get("id_token_hint"))
        client = find(str(hint["aud"]))
    if given.get("client_id"):
        if hint and given.get("client_id") != hint["aud"]:
            raise LogoutRefused("hint_of_another_client")
        client = client or find(given.get("client_id"))
        if client is None:
            raise LogoutRefused("client_unknown")
    uri = given.get("post_logout_redirect_uri")
    if uri:
        _check_redirect(uri, client)
    return LogoutRequest(
        client=client,
        hinted=str(hint.get("sub", "")),
        hinted_sid=str(hint.get("sid", "")),
        redirect_uri=uri,
        state=given.get("state"),
    )


def _check_form(given: Parameters) -> None:
    try:
        given.check_each_once()
    except OAuthError:
        raise LogoutRefused("repeated_parameter") from None
    if len(given.encoded()) > LONGEST:
        raise LogoutRefused("too_long")


def _hint(token: str) -> dict[str, object]:
    try:
        claims = jwts.verify(token, typ=jwts.ID, is_over_allowed=True)
    except jwts.TokenRefused:
        raise LogoutRefused("hint_invalid") from None
    if not (isinstance(claims.get("aud"), str) and isinstance(claims.get("sub"), str)):
        raise LogoutRefused("hint_invalid")
    return claims


def _check_redirect(uri: str, client: Client | None) -> None:
    if client is None:
        raise LogoutRefused("redirect_uri_without_client")
    if not client.is_active:
        raise LogoutRefused("client_stopped", client)
    if uri not in client.post_logout_redirect_uris:
        raise LogoutRefused("redirect_uri_unknown", client)
