"""Signed tokens: JSON Web Tokens of ours (RFC 7519), signed with the key ring and verified against it."""

import json
import time
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings
from jwt import PyJWS, get_unverified_header
from jwt.algorithms import OKPAlgorithm
from jwt.exceptions import PyJWTError

from authserver.keys import ring
from authserver.keys.pairs import PublicKey
from authserver.models.signing_key import SigningAlgorithm
from foundation import lifetimes
from foundation.clocks import LEEWAY_SECONDS

ACCESS = "at+jwt"  # RFC 9068, section 2.1
ID = "JWT"
LOGOUT = "logout+jwt"  # OpenID Connect Back-Channel Logout 1.0, section 2.4
LONGEST = 16_384  # characters
REMEMBERED = 1_000  # verified tokens in each process: a few megabytes

_SIGNER = PyJWS()
_SIGNER.register_algorithm(SigningAlgorithm.ED25519.value, OKPAlgorithm())  # PyJWT only knows its former name


class TokenRefused(Exception):
    """The token is not one of ours, is of another type, or has expired; the text says which."""


def sign(claims: Mapping[str, Any], *, typ: str, algorithm: SigningAlgorithm) -> str:
    """Sign claims with the current key of an algorithm. Raises NoKey, and ValueError if they outlive their key."""
    if claims["exp"] - claims["iat"] >= lifetimes.KEY_OVERLAP.total_seconds():
        raise ValueError("a token must expire while its key is still published")
    pair = ring.current().signer(algorithm)
    payload = json.dumps(claims, separators=(",", ":")).encode()
    return _SIGNER.encode(payload, pair.private, algorithm=algorithm.value, headers={"typ": typ, "kid": pair.kid})


def verify(token: str, *, typ: str, is_over_allowed: bool = False) -> dict[str, Any]:
    """Return the claims of a token that we signed with a published key, of this type, that has not expired.

    Only ``kid`` chooses the key, and the key decides the algorithm. Nothing else in the header counts; a header with
    ``crit`` is refused (RFC 7515, section 4.1.11). The caller checks the audience.
    ``is_over_allowed`` also accepts expired ones, as hints, whose key may have been retired. Raises TokenRefused.
    """
    if len(token) > LONGEST or not token.isascii():
        raise TokenRefused("malformed")
    try:
        kid, payload = signed_content(token, typ, is_over_allowed=is_over_allowed)
        claims = json.loads(payload)
    except (PyJWTError, ValueError) as failure:
        raise TokenRefused(type(failure).__name__) from failure
    if _key(kid, is_over_allowed=is_over_allowed) is None:
        raise TokenRefused("signed with none of our keys")
    return _checked(claims, is_over_allowed=is_over_allowed)


@lru_cache(maxsize=REMEMBERED)
def signed_content(token: str, typ: str, *, is_over_allowed: bool) -> tuple[str, bytes]:
    """Return the ``kid`` and the payload of a signed token. It is remembered that the signature is right (ADR 59).

    Whether the key still counts is asked each time: a ``kid`` is the thumbprint of its key, so it names no other one.
    Refusals are not remembered. Raises TokenRefused, PyJWTError.
    """
    header = get_unverified_header(token)
    kid = header.get("kid")
    pair = _key(kid, is_over_allowed=is_over_allowed) if isinstance(kid, str) else None
    if pair is None or header.get("alg") != pair.algorithm.value:
        raise TokenRefused("signed with none of our keys")
    if str(header.get("typ", "")).lower() != typ.lower() or "crit" in header:
        raise TokenRefused("of another type")
    return pair.kid, _SIGNER.decode(token, pair.public, algorithms=[pair.algorithm.value])


def _key(kid: str, *, is_over_allowed: bool) -> PublicKey | None:
    keys = ring.current()
    return keys.by_kid.get(kid) or (keys.retired.get(kid) if is_over_allowed else None)


def _checked(claims: Any, *, is_over_allowed: bool) -> dict[str, Any]:
    """Check issuer and times. The leeway is for the clocks of two machines, and does not prolong a token."""
    if not isinstance(claims, dict) or claims.get("iss") != settings.PUBLIC_URL:
        raise TokenRefused("of another issuer")
    moments = [claims.get(name) for name in ("exp", "iat")]
    if not all(isinstance(moment, int) for moment in moments):
        raise TokenRefused("without its times")
    now = time.time()
    if claims["iat"] > now + LEEWAY_SECONDS:
        raise TokenRefused("not yet valid")
    if claims["exp"] <= now and not is_over_allowed:
        raise TokenRefused("expired")
    return claims
