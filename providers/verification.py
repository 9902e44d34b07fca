"""What must be true of an ID token, or a logout token, before we believe a word of it.

OpenID Connect Core, section 3.1.3.7, and Back-Channel Logout 1.0, section 2.6.
"""

import base64
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Mapping
from typing import Any

from jwt import PyJWS, get_unverified_header
from jwt.exceptions import InvalidSignatureError, PyJWTError

from providers.identity import is_subject
from providers.metadata import Issuer, Keys
from providers.refusal import Reason, SignInRefused

logger = logging.getLogger(__name__)

LEEWAY = 60  # seconds that clocks may differ
LONGEST_TOKEN = 32_768  # characters
LATEST_TIME = 2**40  # seconds since the epoch; also refuses infinity and "not a number"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
FRESH_WITHIN = 600  # seconds since the provider last asked for proof, where a fresh one was asked for
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
        raise SignInRefused(Reason.NONCE_WRONG)
    if "at_hash" in claims and not _same(claims["at_hash"], _half_hash(access_token, header["alg"])):
        raise SignInRefused(Reason.ACCESS_TOKEN_HASH_WRONG)
    if not is_subject(claims.get("sub")):
        raise SignInRefused(Reason.SUBJECT_INVALID)
    if wants_fresh and "auth_time" in claims and time.time() - _number(claims, "auth_time") > FRESH_WITHIN + LEEWAY:
        raise SignInRefused(Reason.NOT_FRESH_AT_PROVIDER)
    _compare_clocks(claims, issuer)
    return claims


def verify_logout(logout_token: object, *, issuer: Issuer, client_id: str) -> dict[str, Any]:
    """Return the claims of a logout token that this issuer signed, for us, now: whose sessions end is for the caller.

    Raises SignInRefused. An ID token is none: it has a nonce, and not the event. Whether it came before
    (``jti``) is not looked at here.
    """
    _, claims = _from_issuer(logout_token, issuer, client_id)
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        raise SignInRefused(Reason.LOGOUT_EVENT_MISSING)
    if "nonce" in claims:
        raise SignInRefused(Reason.LOGOUT_WITH_NONCE)
    named = [claims[name] for name in ("sub", "sid") if name in claims]
    if not named or not all(is_subject(value) for value in named):
        raise SignInRefused(Reason.LOGOUT_OF_NOBODY)
    if not is_subject(claims.get("jti")):
        raise SignInRefused(Reason.TOKEN_MALFORMED, "jti is not an id")
    return claims


def verify_access_token(access_token: object, *, issuer: Issuer, client_id: str, subject: str) -> dict[str, Any]:
    """Return the claims of an access token that this issuer signed, now, when we asked for this person.

    For an issuer whose access tokens are known to be JWTs, and for reading what it says of the person: its
    audience are the services it is shown to, so ``azp`` tells whether it is ours. Raises SignInRefused.
    """
    _, claims = _by_issuer(access_token, issuer)
    if claims.get("azp") != client_id or claims.get("typ", "Bearer") != "Bearer":
        raise SignInRefused(Reason.AUDIENCE_WRONG)
    _check_times(claims)
    if claims.get("sub") != subject:
        raise SignInRefused(Reason.SUBJECT_INVALID)
    return claims


def _from_issuer(token: object, issuer: Issuer, client_id: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of a token that this issuer signed, for us, now."""
    header, claims = _by_issuer(token, issuer)
    _check_audience(claims, client_id)
    _check_times(claims)
    return header, claims


def _by_issuer(token: object, issuer: Issuer) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims of a token that this issuer signed, for whomever."""
    if not token:
        raise SignInRefused(Reason.TOKEN_MISSING)
    if not isinstance(token, str) or len(token) > LONGEST_TOKEN or not token.isascii():
        raise SignInRefused(Reason.TOKEN_MALFORMED)  # the library fails on halves of characters
    if token.count(".") != 2:
        raise SignInRefused(Reason.TOKEN_MALFORMED)
    header, claims = _signed(token, issuer)
    if claims.get("iss") != issuer.url:
        raise SignInRefused(Reason.ISSUER_WRONG)
    return header, claims


def _signed(token: str, issuer: Issuer) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and claims once the signature holds, under newer keys if need be.

    A provider that was set up anew may use an old key id for a new key, so a wrong signature is a reason to
    look for newer keys as much as an unknown key id is.
    """
    header = _header(token)
    keys = issuer.keys
    try:
        return header, _open(token, header, keys)
    except SignInRefused as refused:
        if refused.reason not in {Reason.KEY_UNKNOWN, Reason.SIGNATURE_WRONG}:
            raise
        newer = issuer.newer_keys(keys)
        if newer is None:
            raise
        return header, _open(token, header, newer)


def _header(token: str) -> dict[str, Any]:
    """Read the header alone: the library decodes all of what it is given, and the rest when the key is known."""
    try:
        header = get_unverified_header(token.partition(".")[0] + "..")
    except PyJWTError:
        raise SignInRefused(Reason.TOKEN_MALFORMED, "no readable header") from None
    if "crit" in header:
        raise SignInRefused(Reason.ALGORITHM_REFUSED, "the header asks for extensions that we do not know")
    return header


def _open(token: str, header: Mapping[str, Any], keys: Keys) -> dict[str, Any]:
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm[:2] not in {"RS", "PS", "ES"}:
        raise SignInRefused(Reason.ALGORITHM_REFUSED, "only signatures by a private key count")
    key = keys.find(header.get("kid"), algorithm)
    if key is None:
        raise SignInRefused(Reason.KEY_UNKNOWN)
    try:
        payload = PyJWS().decode(token, key.key, algorithms=[algorithm])
    except InvalidSignatureError:
        raise SignInRefused(Reason.SIGNATURE_WRONG) from None
    except PyJWTError as malformed:
        raise SignInRefused(Reason.TOKEN_MALFORMED, type(malformed).__name__) from None
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        raise SignInRefused(Reason.TOKEN_MALFORMED, "its claims are not a JSON object")
    return claims


def _check_audience(claims: Mapping[str, Any], client_id: str) -> None:
    """We are the only audience: a token that others may also use is not accepted (Core 3.1.3.7, points 3 to 5)."""
    if claims.get("aud") not in (client_id, [client_id]) or claims.get("azp", client_id) != client_id:
        raise SignInRefused(Reason.AUDIENCE_WRONG)


def _check_times(claims: Mapping[str, Any]) -> None:
    """The detail of a refusal lets administrators tell a wrong clock from a wrong token."""
    now = time.time()
    if _number(claims, "exp") + LEEWAY <= now:
        raise SignInRefused(Reason.EXPIRED, _issued(claims, now))
    if _number(claims, "iat") > now + LEEWAY or ("nbf" in claims and _number(claims, "nbf") > now + LEEWAY):
        raise SignInRefused(Reason.NOT_YET_VALID, _issued(claims, now))


def _compare_clocks(claims: Mapping[str, Any], issuer: Issuer) -> None:
    """A provider issues an ID token while we wait for it: one that is older by our clock says that clocks differ."""
    now = time.time()
    if now - _number(claims, "iat") > LEEWAY:
        logger.warning("clocks differ: issuer=%s token=%s", issuer.url, _issued(claims, now))


def _issued(claims: Mapping[str, Any], now: float) -> str:
    seconds = round(now - _number(claims, "iat"))
    return f"issued {abs(seconds)} s {'ago' if seconds >= 0 else 'from now'} by our clock"


def _number(claims: Mapping[str, Any], name: str) -> float:
    """Return a time in seconds since the epoch (RFC 7519, section 2: NumericDate)."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < LATEST_TIME:
        raise SignInRefused(Reason.TOKEN_MALFORMED, f"{name} is not a time")
    return value


def _half_hash(access_token: object, algorithm: str) -> str:
    """Core 3.1.3.6: the left half of the access token's hash, by the hash of the token's own algorithm."""
    if not isinstance(access_token, str):
        return ""
    digest = ALGORITHM_TO_HASH[algorithm[2:]](access_token.encode("utf-8", "surrogatepass")).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


def _same(value: object, expected: str) -> bool:
    return (
        isinstance(value, str)
        and bool(expected)
        and hmac.compare_digest(value.encode("utf-8", "surrogatepass"), expected.encode())
    )
