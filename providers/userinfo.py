"""Fetching the name or email address that an ID token lacks from userinfo (OpenID Connect Core, 5.3 and 5.4).

Providers may put the claims of a scope into the ID token or into userinfo. So userinfo is requested only if something
is missing, and once. If the ID token contains everything, there is no request.
"""

import logging
from collections.abc import Callable, Mapping
from typing import Any

from foundation.display_names import clean_name
from providers.identity import ExternalIdentity, name_in
from providers.metadata import Issuer
from providers.refusal import RefusalReason, SignInRefused
from providers.tokens import bearer
from providers.upstream import UpstreamResponse
from providers.verification import verify_userinfo

logger = logging.getLogger(__name__)

OF_THE_NAME = ("name", "given_name", "family_name", "preferred_username")
OF_THE_ADDRESS = ("email", "email_verified")
ABOUT_ANOTHER = frozenset({"email_verified", "xms_edov"})  # about the missing address
NAME, EMAIL = "name", "email"
JWT = "application/jwt"


def filled(
    identity: ExternalIdentity, *, issuer: Issuer, client_id: str, vouches: Callable[[Mapping[str, Any]], bool]
) -> ExternalIdentity:
    """Return the identity, completed from userinfo with what its ID token lacks.

    ``vouches`` decides from claims whether the address is verified. Raises SignInRefused if userinfo is not valid.
    """
    lacking = lacks(identity.provided)
    if not lacking:
        return identity
    userinfo = ask(identity, identity.tokens.access_token, issuer=issuer, client_id=client_id)
    if userinfo is None:
        return identity.changed(missing_claims=lacking)
    claims = claims_with(identity.provided, userinfo, lacking)
    return identity.changed(
        claims=claims, name=name_in(claims), email=claims.get("email", ""), email_verified=vouches(claims)
    )


def lacks(claims: Mapping[str, Any]) -> frozenset[str]:
    """Return which of name and email address are missing. A username is only the fallback for a name."""
    found = set()
    if not any(clean_name(claims.get(name)) for name in OF_THE_NAME[:3]):
        found.add(NAME)
    if not claims.get("email"):
        found.add(EMAIL)
    return frozenset(found)


def ask(identity: ExternalIdentity, access_token: object, *, issuer: Issuer, client_id: str) -> dict[str, Any] | None:
    """Return the userinfo claims, or None if they cannot be fetched now: the ID token suffices for a sign-in.

    Raises SignInRefused if they are about another person (section 5.3.2) or not signed by the issuer.
    """
    endpoint, token = issuer.metadata.userinfo_endpoint, bearer(access_token)
    if not endpoint or not token:
        return {}
    try:
        answer = _answer(endpoint, token, issuer)
        claims = {} if answer.content_type == JWT else answer.object()
    except SignInRefused as refused:
        logger.warning("userinfo cannot be fetched: provider=%s reason=%s", identity.provider, refused)
        return None
    if answer.content_type == JWT:  # section 5.3.2: signed if our client is registered for it
        claims = verify_userinfo(answer.body.decode("ascii", "replace"), issuer=issuer, client_id=client_id)
    if claims.get("sub") != identity.subject:
        raise SignInRefused(RefusalReason.USERINFO_OF_ANOTHER, "userinfo has another sub than the ID token, or none")
    return claims


def claims_with(claims: Mapping[str, Any], userinfo: Mapping[str, Any], lacking: frozenset[str]) -> dict[str, Any]:
    """Fill in from userinfo what is lacking. Everything that the ID token contains takes precedence."""
    merged = dict(claims)
    if EMAIL in lacking and userinfo.get("email"):
        merged = {name: value for name, value in merged.items() if name not in ABOUT_ANOTHER}
        merged |= {name: userinfo[name] for name in OF_THE_ADDRESS if name in userinfo}
    if NAME in lacking and name_in(userinfo):
        merged |= {name: userinfo[name] for name in OF_THE_NAME if name in userinfo}
    return merged


def _answer(endpoint: str, token: str, issuer: Issuer) -> UpstreamResponse:
    answer = issuer.upstream.get(endpoint, headers={"Authorization": f"Bearer {token}"})
    if answer.status != 200:
        raise SignInRefused(RefusalReason.PROVIDER_ANSWER_INVALID, f"userinfo answered {answer.status}")
    return answer
