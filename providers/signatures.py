"""Checking that a token is signed with one of its issuer's keys, by an algorithm agreed with the issuer.

RFC 7515, RFC 8725, and OpenID Connect Core, section 3.1.3.7, points 6 to 8.
"""

import json
from collections.abc import Mapping
from typing import Any

from jwt import PyJWS, get_unverified_header
from jwt.algorithms import OKPAlgorithm
from jwt.exceptions import InvalidSignatureError, PyJWTError

from providers.metadata import SIGNING_ALGORITHMS, Issuer, Keys, SigningKey
from providers.refusal import RefusalReason, SignInRefused

_VERIFIER = PyJWS()
_VERIFIER.register_algorithm("Ed25519", OKPAlgorithm())  # PyJWT only knows it as EdDSA

LONGEST_TOKEN = 262_144  # characters: six hundred groups by name do not fit into 32,768
ENCRYPTED_DOTS = 4  # RFC 7516, section 3.1
EDWARDS = frozenset({"EdDSA", "Ed25519"})  # RFC 8037 and RFC 9864: two names for one algorithm


def signed_by(token: object, issuer: Issuer) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the header and claims of a token after checking that this issuer signed it, for any audience.

    Raises SignInRefused.
    """
    if not token:
        raise SignInRefused(RefusalReason.TOKEN_MISSING, "there is no token")
    if not isinstance(token, str) or not token.isascii():
        raise SignInRefused(RefusalReason.TOKEN_MALFORMED, "not ASCII text")  # PyJWT fails on lone surrogates
    if len(token) > LONGEST_TOKEN:
        raise SignInRefused(RefusalReason.TOKEN_MALFORMED, f"longer than {LONGEST_TOKEN} characters")
    if token.count(".") == ENCRYPTED_DOTS:
        raise SignInRefused(RefusalReason.TOKEN_MALFORMED, "encrypted (five parts), which is not supported")
    if token.count(".") != 2:
        raise SignInRefused(RefusalReason.TOKEN_MALFORMED, "it does not have three parts")
    header, claims = _signed(token, issuer)
    if claims.get("iss") != issuer.url:
        raise SignInRefused(RefusalReason.ISSUER_WRONG, _issuer_named(claims.get("iss"), issuer))
    return header, claims


def _issuer_named(named: object, issuer: Issuer) -> str:
    if isinstance(named, str) and named.rstrip("/") == issuer.url.rstrip("/"):
        return "iss differs from the configured issuer by a trailing slash"
    return "iss is missing" if named is None else "iss is another issuer"


def _signed(token: str, issuer: Issuer) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the header and claims after verifying the signature, with newer keys if necessary.

    A provider that was reinstalled may reuse a key id for a new key. So newer keys are fetched not only for an unknown
    key id, but also for a wrong signature.
    """
    header = _header(token)
    keys = issuer.keys
    try:
        return header, _open(token, header, keys, issuer)
    except SignInRefused as refused:
        if refused.reason not in {RefusalReason.KEY_UNKNOWN, RefusalReason.SIGNATURE_WRONG}:
            raise
        newer = issuer.newer_keys(keys)
        if newer is None:
            raise
        return header, _open(token, header, newer, issuer)


def _header(token: str) -> dict[str, Any]:
    """Parse the header only. PyJWT would decode all of the token; the rest is decoded when the key is known."""
    try:
        header = get_unverified_header(token.partition(".")[0] + "..")
    except PyJWTError:
        raise SignInRefused(RefusalReason.TOKEN_MALFORMED, "its header is not readable") from None
    if "crit" in header:
        raise SignInRefused(RefusalReason.ALGORITHM_REFUSED, "the header requires extensions that are not supported")
    return header


def _open(token: str, header: Mapping[str, Any], keys: Keys, issuer: Issuer) -> dict[str, Any]:
    algorithm = _agreed_algorithm(header.get("alg"), issuer)
    key = _key(header.get("kid"), algorithm, keys)
    try:
        payload = _VERIFIER.decode(token, key.key, algorithms=[algorithm])
    except InvalidSignatureError:
        raise SignInRefused(
            RefusalReason.SIGNATURE_WRONG, f"the {algorithm} signature is not by the published key"
        ) from None
    except PyJWTError as malformed:
        raise SignInRefused(RefusalReason.TOKEN_MALFORMED, type(malformed).__name__) from None
    return _claims_in(payload)


def _agreed_algorithm(named: object, issuer: Issuer) -> str:
    """Return the algorithm if it is agreed with the issuer (Core 3.1.3.7, point 7; RFC 8725, section 3.1).

    Raises SignInRefused with a detail that names the setting to change.
    """
    if isinstance(named, str) and (named in issuer.algorithms or (named in EDWARDS and issuer.algorithms & EDWARDS)):
        return named
    agreed = ", ".join(sorted(issuer.algorithms))
    is_keyless = isinstance(named, str) and (named.upper().startswith("HS") or named.lower() in {"none", ""})
    how = "not signed by a private key" if is_keyless else "signed by an algorithm that is not supported"
    if isinstance(named, str) and named in SIGNING_ALGORITHMS:
        how = f"signed by {named}"
    raise SignInRefused(RefusalReason.ALGORITHM_REFUSED, f"{how}, while {issuer.setting} has {agreed}")


def _key(key_id: object, algorithm: str, keys: Keys) -> SigningKey:
    """Return the only key that fits. Raises SignInRefused if there are none or several."""
    found = keys.fitting(key_id, algorithm)
    if len(found) == 1:
        return found[0]
    which = "the token names no key" if key_id is None else "of the id that the token names"
    how_many = f"{len(found)} keys fit" if found else "no key fits"
    raise SignInRefused(RefusalReason.KEY_UNKNOWN, f"{how_many} {algorithm}; {which}")


def _claims_in(payload: bytes) -> dict[str, Any]:
    try:
        claims = json.loads(payload)
    except (ValueError, RecursionError):
        claims = None
    if not isinstance(claims, dict):
        raise SignInRefused(RefusalReason.TOKEN_MALFORMED, "its claims are not a JSON object")
    return claims
