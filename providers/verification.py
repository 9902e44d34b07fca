"""Verifying ID tokens, logout tokens, signed userinfo answers and access tokens.

OpenID Connect Core, section 3.1.3.7, and Back-Channel Logout 1.0, section 2.6.
"""

import base64
import hashlib
import hmac
import logging
import time
from collections.abc import Mapping
from typing import Any

from foundation import lifetimes
from foundation.clocks import LEEWAY_SECONDS
from providers.identity import is_subject
from providers.metadata import Issuer
from providers.refusal import RefusalReason, SignInRefused
from providers.signatures import EDWARDS, signed_by
from providers.tokens import Tokens

logger = logging.getLogger(__name__)

LATEST_TIME = 2**40  # seconds since the epoch; also refuses infinity and "not a number"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
ALGORITHM_TO_HASH = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}


def verify(
    id_token: object, *, issuer: Issuer, client_id: str, nonce: str, access_token: object, wants_fresh: bool = False
) -> dict[str, Any]:
    """Return the claims of an ID token after checking its signature, issuer, audience, times and nonce.

    Raises SignInRefused for the first check that fails. Keys come only from the issuer's own key set. Apart from the
    key id, whatever the token's header says about keys is ignored.
    """
    header, claims = _from_issuer(id_token, issuer, client_id)
    if not _same(claims.get("nonce"), nonce):
        raise SignInRefused(RefusalReason.NONCE_WRONG, _how(claims, "nonce"))
    _check_access_token(claims, access_token, header["alg"])
    if not is_subject(claims.get("sub")):
        raise SignInRefused(RefusalReason.SUBJECT_INVALID, _how(claims, "sub"))
    check_auth_time(claims, wants_fresh=wants_fresh)
    _compare_clocks(claims, issuer)
    return claims


def proven_at(claims: Mapping[str, Any]) -> float | None:
    """Return when the person authenticated at the provider, in seconds since the epoch, or None if unknown.

    The claims must be verified. Unknown must not be taken for now: the provider may not have asked for anything.
    """
    return None if "auth_time" not in claims else float(claims["auth_time"])


def verify_logout(logout_token: object, *, issuer: Issuer, client_id: str) -> dict[str, Any]:
    """Return the claims of a logout token after checking its signature, issuer, audience and times.

    Raises SignInRefused. An ID token is refused, because it has a nonce and lacks the logout event. The caller must
    check for a replay (``jti``).
    """
    _, claims = _from_issuer(logout_token, issuer, client_id)
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        raise SignInRefused(RefusalReason.LOGOUT_EVENT_MISSING, "events does not contain the logout event")
    if "nonce" in claims:
        raise SignInRefused(RefusalReason.LOGOUT_WITH_NONCE, "a logout token must have no nonce")
    named = [claims[name] for name in ("sub", "sid") if name in claims]
    if not named or not all(is_subject(value) for value in named):
        raise SignInRefused(RefusalReason.LOGOUT_WITHOUT_SUBJECT, "there is no valid sub or sid")
    if not is_subject(claims.get("jti")):
        raise SignInRefused(RefusalReason.TOKEN_MALFORMED, "jti is not an id")
    return claims


def verify_refreshed(tokens: Tokens, *, issuer: Issuer, client_id: str, subject: str, nonce: str) -> None:
    """Verify an ID token from a refresh against the original one (Core, section 12.2). Raises SignInRefused.

    ``iss``, ``sub`` and the audience must be the same. A ``nonce`` is optional, and compared if both have one.
    """
    header, claims = _from_issuer(tokens.id_token, issuer, client_id)
    if claims.get("sub") != subject:
        raise SignInRefused(RefusalReason.SUBJECT_INVALID, "sub is not the one that the tokens were issued for")
    if nonce and "nonce" in claims and not _same(claims["nonce"], nonce):
        raise SignInRefused(RefusalReason.NONCE_WRONG, "nonce is not that of the sign-in")
    _check_access_token(claims, tokens.access_token, header["alg"])


def verify_userinfo(signed: str, *, issuer: Issuer, client_id: str) -> dict[str, Any]:
    """Return the claims of a userinfo answer signed by this issuer for us (Core, section 5.3.2).

    Times are not required, as it is the answer to a request that we have just made. Raises SignInRefused.
    """
    _, claims = signed_by(signed, issuer)
    _check_audience(claims, client_id)
    return claims


def verify_access_token(access_token: object, *, issuer: Issuer, client_id: str, subject: str) -> dict[str, Any]:
    """Return the claims of an access token that this issuer signed for our client and this person.

    This is for issuers whose access tokens are JWTs, and only to read claims about the person. ``aud`` names the
    services that the token is sent to, so ``azp`` decides whether it was issued to us. Raises SignInRefused.
    """
    _, claims = signed_by(access_token, issuer)
    if claims.get("azp") != client_id or claims.get("typ") != "Bearer":
        raise SignInRefused(
            RefusalReason.AUDIENCE_WRONG, "the access token was not issued to this client, or is another kind"
        )
    check_times(claims)
    if "sub" not in claims:
        raise SignInRefused(RefusalReason.SUBJECT_INVALID, "the access token has no sub: it may be a lightweight one")
    if claims["sub"] != subject:
        raise SignInRefused(RefusalReason.SUBJECT_INVALID, "the access token is about another person")
    return claims


def _from_issuer(token: object, issuer: Issuer, client_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the header and claims of a token after checking its signature, issuer, audience and times."""
    header, claims = signed_by(token, issuer)
    _check_audience(claims, client_id)
    check_times(claims)
    return header, claims


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    """Check that we are the only audience: a token that others may use too is refused (Core 3.1.3.7, points 3 to 5)."""
    audience = claims.get("aud")
    if audience not in (client_id, [client_id]):
        is_one_of_many = isinstance(audience, list) and client_id in audience
        otherwise = "names other clients too" if is_one_of_many else "is not this client"
        raise SignInRefused(RefusalReason.AUDIENCE_WRONG, _how(claims, "aud", otherwise))
    if claims.get("azp", client_id) != client_id:
        raise SignInRefused(RefusalReason.AUDIENCE_WRONG, "azp is not this client")


def _check_access_token(claims: Mapping[str, Any], access_token: object, algorithm: str) -> None:
    """Check that the access token matches ``at_hash`` in the ID token, if present (Core 3.1.3.8)."""
    if "at_hash" in claims and not _same(claims["at_hash"], _half_hash(access_token, algorithm)):
        raise SignInRefused(RefusalReason.ACCESS_TOKEN_HASH_WRONG, "at_hash is that of another access token")


def _how(claims: Mapping[str, Any], name: str, otherwise: str = "is not what it should be") -> str:
    return f"{name} {otherwise if name in claims else 'is missing'}"


def check_times(claims: Mapping[str, Any]) -> None:
    """Check ``exp``, ``iat`` and ``nbf``. The detail of a refusal lets administrators recognise a wrong clock."""
    now = time.time()
    if _number(claims, "exp") + LEEWAY_SECONDS <= now:
        raise SignInRefused(RefusalReason.EXPIRED, _issued(claims, now))
    latest = now + LEEWAY_SECONDS
    if _number(claims, "iat") > latest or ("nbf" in claims and _number(claims, "nbf") > latest):
        raise SignInRefused(RefusalReason.NOT_YET_VALID, _issued(claims, now))


def check_auth_time(claims: Mapping[str, Any], *, wants_fresh: bool) -> None:
    """Check ``auth_time`` (Core 2 and 3.1.2.1). If it is missing, ``reauthentication`` decides what that means."""
    if "auth_time" not in claims:
        return
    moment, now = _number(claims, "auth_time"), time.time()
    if moment != int(moment):
        raise SignInRefused(RefusalReason.TOKEN_MALFORMED, "auth_time is not a whole number of seconds")
    if moment > now + LEEWAY_SECONDS:
        raise SignInRefused(RefusalReason.NOT_YET_VALID, "auth_time is in the future")
    if wants_fresh and now - moment > lifetimes.REAUTHENTICATION.total_seconds():
        raise SignInRefused(RefusalReason.NOT_REAUTHENTICATED_AT_PROVIDER, f"auth_time is {round(now - moment)} s ago")


def _compare_clocks(claims: Mapping[str, Any], issuer: Issuer) -> None:
    """Log a clock difference. The provider issues the ID token while we wait, so an older one shows a wrong clock."""
    now = time.time()
    if now - _number(claims, "iat") > LEEWAY_SECONDS:
        logger.warning("clocks differ: issuer=%s token=%s", issuer.url, _issued(claims, now))


def _issued(claims: Mapping[str, Any], now: float) -> str:
    seconds = round(now - _number(claims, "iat"))
    return f"issued {abs(seconds)} s {'ago' if seconds >= 0 else 'from now'} by our clock"


def _number(claims: Mapping[str, Any], name: str) -> float:
    """Return a time in seconds since the epoch (RFC 7519, section 2: NumericDate)."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < LATEST_TIME:
        raise SignInRefused(RefusalReason.TOKEN_MALFORMED, f"{name} is not a time")
    return value


def _half_hash(access_token: object, algorithm: str) -> str:
    """Return the left half of the access token's hash, with the hash of the ID token's algorithm (Core 3.1.3.6)."""
    if not isinstance(access_token, str):
        return ""
    hashed_by = ALGORITHM_TO_HASH["512" if algorithm in EDWARDS else algorithm[2:]]  # Ed25519 uses SHA-512
    digest = hashed_by(access_token.encode("utf-8", "surrogatepass")).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def _same(value: object, expected: str) -> bool:
    return (
        isinstance(value, str)
        and bool(expected)
        and hmac.compare_digest(value.encode("utf-8", "surrogatepass"), expected.encode())
    )
