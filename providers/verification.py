"""What must be true of an ID token, or a logout token, before we believe a word of it.

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
    """Return the claims of an ID token that this issuer signed, for us, now, for this very attempt.

    Raises SignInRefused with the first thing that is wrong. Keys come from the issuer's own set and from
    nowhere else: whatever the token's header says about keys but their id is not looked at.
    """
    header, claims = _from_issuer(id_token, issuer, client_id)
    if not _same(claims.get("nonce"), nonce):
        raise SignInRefused(RefusalReason.NONCE_WRONG, _how(claims, "nonce"))
    _check_access_token(claims, access_token, header["alg"])
    if not is_subject(claims.get("sub")):
        raise SignInRefused(RefusalReason.SUBJECT_INVALID, _how(claims, "sub"))
    _check_auth_time(claims, wants_fresh=wants_fresh)
    _compare_clocks(claims, issuer)
    return claims


def proven_at(claims: Mapping[str, Any]) -> float | None:
    """Return when the person proved themselves at the provider, in seconds since the epoch; None where it is not said.

    Of claims that were verified. What is not said is not now: the provider may have asked for nothing.
    """
    return None if "auth_time" not in claims else float(claims["auth_time"])


def verify_logout(logout_token: object, *, issuer: Issuer, client_id: str) -> dict[str, Any]:
    """Return the claims of a logout token that this issuer signed, for us, now: whose sessions end is for the caller.

    Raises SignInRefused. An ID token is none: it has a nonce, and not the event. Whether it came before
    (``jti``) is not looked at here.
    """
    _, claims = _from_issuer(logout_token, issuer, client_id)
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        raise SignInRefused(RefusalReason.LOGOUT_EVENT_MISSING, "events does not hold the logout event")
    if "nonce" in claims:
        raise SignInRefused(RefusalReason.LOGOUT_WITH_NONCE, "a logout token must have no nonce")
    named = [claims[name] for name in ("sub", "sid") if name in claims]
    if not named or not all(is_subject(value) for value in named):
        raise SignInRefused(RefusalReason.LOGOUT_WITHOUT_SUBJECT, "neither sub nor sid names anybody")
    if not is_subject(claims.get("jti")):
        raise SignInRefused(RefusalReason.TOKEN_MALFORMED, "jti is not an id")
    return claims


def verify_refreshed(tokens: Tokens, *, issuer: Issuer, client_id: str, subject: str, nonce: str) -> None:
    """Refuse an ID token that came with a refresh and is not what the first one was (Core, section 12.2).

    Same ``iss``, ``sub`` and audience. It need have no ``nonce``; one that it has is compared where we know the first.
    """
    header, claims = _from_issuer(tokens.id_token, issuer, client_id)
    if claims.get("sub") != subject:
        raise SignInRefused(RefusalReason.SUBJECT_INVALID, "sub is not the one that the tokens were given for")
    if nonce and "nonce" in claims and not _same(claims["nonce"], nonce):
        raise SignInRefused(RefusalReason.NONCE_WRONG, "nonce is not that of the sign-in")
    _check_access_token(claims, tokens.access_token, header["alg"])


def verify_userinfo(signed: str, *, issuer: Issuer, client_id: str) -> dict[str, Any]:
    """Return the claims of a userinfo answer that this issuer signed, for us (Core, section 5.3.2).

    It need have no times: it came just now, in answer to us. Raises SignInRefused.
    """
    _, claims = signed_by(signed, issuer)
    _check_audience(claims, client_id)
    return claims


def verify_access_token(access_token: object, *, issuer: Issuer, client_id: str, subject: str) -> dict[str, Any]:
    """Return the claims of an access token that this issuer signed, now, when we asked for this person.

    For an issuer whose access tokens are JWTs (``typ`` says so), and for reading what it says of the person: its
    audience are the services it is shown to, so ``azp`` tells whether it is ours. Raises SignInRefused.
    """
    _, claims = signed_by(access_token, issuer)
    if claims.get("azp") != client_id or claims.get("typ") != "Bearer":
        raise SignInRefused(
            RefusalReason.AUDIENCE_WRONG, "the access token was not issued to this client, or is another kind"
        )
    _check_times(claims)
    if "sub" not in claims:
        raise SignInRefused(RefusalReason.SUBJECT_INVALID, "the access token has no sub: a lightweight one says little")
    if claims["sub"] != subject:
        raise SignInRefused(RefusalReason.SUBJECT_INVALID, "the access token is about somebody else")
    return claims


def _from_issuer(token: object, issuer: Issuer, client_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of a token that this issuer signed, for us, now."""
    header, claims = signed_by(token, issuer)
    _check_audience(claims, client_id)
    _check_times(claims)
    return header, claims


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    """We are the only audience: a token that others may also use is not accepted (Core 3.1.3.7, points 3 to 5)."""
    audience = claims.get("aud")
    if audience not in (client_id, [client_id]):
        is_one_of_many = isinstance(audience, list) and client_id in audience
        otherwise = "names other clients too" if is_one_of_many else "is not this client"
        raise SignInRefused(RefusalReason.AUDIENCE_WRONG, _how(claims, "aud", otherwise))
    if claims.get("azp", client_id) != client_id:
        raise SignInRefused(RefusalReason.AUDIENCE_WRONG, "azp is not this client")


def _check_access_token(claims: Mapping[str, Any], access_token: object, algorithm: str) -> None:
    """The access token that came along is the one that the ID token means, where it says so (Core 3.1.3.8)."""
    if "at_hash" in claims and not _same(claims["at_hash"], _half_hash(access_token, algorithm)):
        raise SignInRefused(RefusalReason.ACCESS_TOKEN_HASH_WRONG, "at_hash is that of another access token")


def _how(claims: Mapping[str, Any], name: str, otherwise: str = "is not what it should be") -> str:
    return f"{name} {otherwise if name in claims else 'is missing'}"


def _check_times(claims: Mapping[str, Any]) -> None:
    """The detail of a refusal lets administrators tell a wrong clock from a wrong token."""
    now = time.time()
    if _number(claims, "exp") + LEEWAY_SECONDS <= now:
        raise SignInRefused(RefusalReason.EXPIRED, _issued(claims, now))
    latest = now + LEEWAY_SECONDS
    if _number(claims, "iat") > latest or ("nbf" in claims and _number(claims, "nbf") > latest):
        raise SignInRefused(RefusalReason.NOT_YET_VALID, _issued(claims, now))


def _check_auth_time(claims: Mapping[str, Any], *, wants_fresh: bool) -> None:
    """Core 2 and 3.1.2.1. One that is missing is no fault here: it proves nothing, which is for ``proofs`` to judge."""
    if "auth_time" not in claims:
        return
    moment, now = _number(claims, "auth_time"), time.time()
    if moment != int(moment):
        raise SignInRefused(RefusalReason.TOKEN_MALFORMED, "auth_time is not a whole number of seconds")
    if moment > now + LEEWAY_SECONDS:
        raise SignInRefused(RefusalReason.NOT_YET_VALID, "auth_time is in the future")
    if wants_fresh and now - moment > lifetimes.REAUTHENTICATION.total_seconds():
        raise SignInRefused(RefusalReason.NOT_REAUTHENTICATED_AT_PROVIDER, f"proven there {round(now - moment)} s ago")


def _compare_clocks(claims: Mapping[str, Any], issuer: Issuer) -> None:
    """A provider issues an ID token while we wait for it: one that is older by our clock says that clocks differ."""
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
    """Core 3.1.3.6: the left half of the access token's hash, by the hash of the token's own algorithm."""
    if not isinstance(access_token, str):
        return ""
    hashed_by = ALGORITHM_TO_HASH["512" if algorithm in EDWARDS else algorithm[2:]]  # Ed25519 hashes by SHA-512
    digest = hashed_by(access_token.encode("utf-8", "surrogatepass")).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def _same(value: object, expected: str) -> bool:
    return (
        isinstance(value, str)
        and bool(expected)
        and hmac.compare_digest(value.encode("utf-8", "surrogatepass"), expected.encode())
    )
