"""Verifying that a JWT is an access token of an upstream issuer, for us and about a person (RFC 9068, section 4).

The checks that it shares with ID tokens are in ``providers.signatures`` and ``providers.verification``.
"""

from collections.abc import Collection, Mapping
from typing import Any

from providers.metadata import Issuer
from providers.models import UpstreamIssuer
from providers.refusal import RefusalReason, SignInRefused
from providers.signatures import signed_by
from providers.upstream_tokens.refusals import UpstreamTokenRefusal, UpstreamTokenRefused
from providers.verification import check_auth_time, check_times

ACCESS_TOKEN = "at+jwt"  # noqa: S105  # a media type (RFC 9068, section 2.1)
PLAIN_TYPES = ("", "jwt")  # which say nothing about the kind of token
OF_ID_TOKENS = ("at_hash", "c_hash", "nonce", "s_hash")  # OpenID Connect Core, sections 2 and 3.3.2.11; FAPI 1.0
OF_LOGOUT_TOKENS = "events"
NAMES_OF_CLIENTS = ("azp", "client_id", "appid", "cid", "clientId")  # Core; RFC 9068; Entra; Okta; Keycloak
KINDS = {"typ": "Bearer", "token_use": "access"}  # claims by which Keycloak and Cognito tell the kinds apart
SERVICE_ACCOUNT = "service-account-"  # the beginning of their usernames at Keycloak


def verified_claims(token: str, configured: UpstreamIssuer, issuer: Issuer) -> dict[str, Any]:
    """Return the claims of an access token of which ``sub`` is known to be a subject.

    Raises SignInRefused or UpstreamTokenRefused.
    """
    header, claims = signed_by(token, issuer)
    audiences = _check_audience(claims, configured.audiences)
    check_times(claims)
    check_auth_time(claims, wants_fresh=False)
    _check_kind(header.get("typ"), claims, audiences, requires_typ=configured.requires_typ)
    _check_is_for_bearers(claims)
    _check_is_of_person(claims)
    return claims


def _check_audience(claims: Mapping[str, Any], expected: Collection[str]) -> set[str]:
    """Return the audiences of ours that the token names. It may name others too (RFC 9068, section 4)."""
    audience = claims.get("aud")
    named = [audience] if isinstance(audience, str) else audience
    found = {one for one in named if isinstance(one, str)} & set(expected) if isinstance(named, list) else set()
    if not found:
        raise SignInRefused(RefusalReason.AUDIENCE_WRONG, "aud names none of the configured audiences")
    return found


def _check_kind(typ: object, claims: Mapping[str, Any], audiences: set[str], *, requires_typ: bool) -> None:
    """Refuse what is not an access token. ID tokens have the same issuer, keys and subjects (RFC 8725, section 3.11).

    A header with ``at+jwt`` says what a token is. Many issuers send ``JWT`` for all kinds. Then nothing of an ID token
    may be there, something that only access tokens have must be, and the audience must not be the client: that is how
    the audience of an ID token is defined (Core, section 2). What is left in doubt is refused.
    """
    named = "" if typ is None else typ.lower().removeprefix("application/") if isinstance(typ, str) else "?"
    if named != ACCESS_TOKEN and (requires_typ or named not in PLAIN_TYPES):
        raise _of_another_kind("typ in its header is not at+jwt")
    if found := [name for name in (*OF_ID_TOKENS, OF_LOGOUT_TOKENS) if name in claims]:
        raise _of_another_kind(f"{found[0]} is a claim of ID tokens or logout tokens")
    if found := [name for name, kind in KINDS.items() if claims.get(name, kind) != kind]:
        raise _of_another_kind(f"the claim {found[0]} names another kind of token")
    if named == ACCESS_TOKEN:
        return
    if audiences & {claims[name] for name in NAMES_OF_CLIENTS if isinstance(claims.get(name), str)}:
        raise _of_another_kind("its audience is the client, as that of an ID token")
    if claims.keys().isdisjoint({"scope", "scp", *KINDS}):
        raise _of_another_kind("nothing in it says that it is an access token")


def _of_another_kind(detail: str) -> UpstreamTokenRefused:
    return UpstreamTokenRefused(UpstreamTokenRefusal.KIND_WRONG, detail)


def _check_is_for_bearers(claims: Mapping[str, Any]) -> None:
    """Refuse a token that is bound to a key (RFC 7800): we do not ask for the proof, so a thief could use it."""
    if "cnf" in claims:
        raise UpstreamTokenRefused(UpstreamTokenRefusal.SENDER_CONSTRAINED, "it has cnf, and no proof is read")


def _check_is_of_person(claims: Mapping[str, Any]) -> None:
    """Refuse a token that a program got in its own name: it must not open or use the account of a person.

    Its subject is the client (RFC 9068, section 2.2), or the issuer says so in its own way: Auth0 (``gty``), Entra
    (``idtyp``) and Keycloak (the username).
    """
    username = claims.get("preferred_username")
    if (
        claims["sub"] in [claims.get(name) for name in NAMES_OF_CLIENTS]
        or claims.get("gty") == "client-credentials"
        or claims.get("idtyp") == "app"
        or (isinstance(username, str) and username.startswith(SERVICE_ACCOUNT))
    ):
        raise UpstreamTokenRefused(UpstreamTokenRefusal.OF_A_PROGRAM, "a program got it in its own name")
