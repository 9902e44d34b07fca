"""Public keys from a JWK Set (RFC 7517). The key decides the algorithm, never the token."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jwt.algorithms import Algorithm, ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import PyJWTError

PUBLIC = {  # members of a public key by its kind (RFC 7518, section 6; RFC 8037)
    "RSA": ("n", "e"),
    "EC": ("crv", "x", "y"),
    "OKP": ("crv", "x"),
}
SMALLEST_RSA = 2048  # bits


@dataclass(frozen=True, kw_only=True)
class VerificationKey:
    """A public key with the names of its one algorithm."""

    kid: str
    algorithms: frozenset[str]
    _algorithm: Algorithm
    _key: Any

    def verifies(self, signed: bytes, signature: bytes) -> bool:
        return self._algorithm.verify(signed, self._key, signature)


def read_key_set(document: Mapping[str, Any]) -> dict[str, VerificationKey]:
    """Return the usable keys of a JWK Set by their IDs. Raises ValueError if there is none.

    Others are left out: of unknown kinds, too short, for encryption, or with an ID that two keys have.
    """
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise ValueError("no JWK Set")  # noqa: TRY004  # all faults of the document are one error
    read = [key for jwk in listed if isinstance(jwk, dict) and (key := _read_key(jwk)) is not None]
    times = Counter(key.kid for key in read)
    found = {key.kid: key for key in read if times[key.kid] == 1}
    if not found:
        raise ValueError("no usable key")
    return found


def _read_key(jwk: dict[str, Any]) -> VerificationKey | None:
    kid, kind, operations = jwk.get("kid"), jwk.get("kty"), jwk.get("key_ops", ["verify"])
    if not isinstance(kid, str) or not isinstance(kind, str) or kind not in PUBLIC:
        return None
    if jwk.get("use", "sig") != "sig" or not isinstance(operations, list) or "verify" not in operations:
        return None
    public = {"kty": kind, **{name: jwk[name] for name in PUBLIC[kind] if name in jwk}}  # without any private part
    try:
        found = READERS[kind](public)
    except (PyJWTError, ValueError, TypeError, AttributeError):
        return None
    names = NAMES.get((kind, str(public.get("crv", ""))))
    if found is None or names is None or jwk.get("alg", names[0]) not in names:
        return None
    return VerificationKey(kid=kid, algorithms=frozenset(names), _algorithm=found[0], _key=found[1])


def _rsa(jwk: dict[str, Any]) -> tuple[Algorithm, Any] | None:
    key = RSAAlgorithm.from_jwk(jwk)
    return (RSAAlgorithm(RSAAlgorithm.SHA256), key) if key.key_size >= SMALLEST_RSA else None


def _elliptic(jwk: dict[str, Any]) -> tuple[Algorithm, Any] | None:
    return ECAlgorithm(ECAlgorithm.SHA256), ECAlgorithm.from_jwk(jwk)


def _edwards(jwk: dict[str, Any]) -> tuple[Algorithm, Any] | None:
    return OKPAlgorithm(), OKPAlgorithm.from_jwk(jwk)


READERS: dict[str, Callable[[dict[str, Any]], tuple[Algorithm, Any] | None]] = {
    "RSA": _rsa,
    "EC": _elliptic,
    "OKP": _edwards,
}
NAMES: dict[tuple[str, str], tuple[str, ...]] = {  # of the one algorithm of a key, by its kind and curve
    ("RSA", ""): ("RS256",),
    ("EC", "P-256"): ("ES256",),
    ("OKP", "Ed25519"): ("Ed25519", "EdDSA"),  # RFC 9864 and its former name
}
