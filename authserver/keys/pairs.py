"""Key pairs: generated, read from PEM, and published as JSON Web Keys (RFC 7517)."""

import base64
import json
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, TypeAlias

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from authserver.models.signing_key import SigningAlgorithm

PrivateKey: TypeAlias = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey

RSA_BITS = 2048  # the least that is allowed (RFC 7518, section 3.3): signatures cost four times as much with twice that
REQUIRED = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}  # RFC 7638, RFC 8037


class KeyRefused(ValueError):
    """A key that cannot sign our tokens; the text says why."""


@dataclass(frozen=True, kw_only=True)
class KeyPair:
    """A private key with what is published of it. ``kid`` is the thumbprint of the public key (RFC 7638)."""

    kid: str
    algorithm: SigningAlgorithm
    private: PrivateKey = field(repr=False)
    public_jwk: dict[str, Any]

    @property
    def public(self) -> Any:
        return self.private.public_key()

    @property
    def pem(self) -> str:
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def generate(algorithm: SigningAlgorithm) -> KeyPair:
    """Generate a key pair for an algorithm."""
    match algorithm:
        case SigningAlgorithm.RS256:
            return _pair(generate_rsa(public_exponent=65537, key_size=RSA_BITS))
        case SigningAlgorithm.ES256:
            return _pair(generate_private_key(SECP256R1()))
        case SigningAlgorithm.ED25519:
            return _pair(Ed25519PrivateKey.generate())


def read_pem(pem: str) -> KeyPair:
    """Read a private key without a password. Raises KeyRefused."""
    try:
        private = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as failure:
        raise KeyRefused("is not a private key in PEM without a password") from failure
    if isinstance(private, RSAPrivateKey) and private.key_size < RSA_BITS:
        raise KeyRefused(f"is an RSA key of {private.key_size} bits; {RSA_BITS} are the least (RFC 7518, section 3.3)")
    if isinstance(private, EllipticCurvePrivateKey) and not isinstance(private.curve, SECP256R1):
        raise KeyRefused(f"is on the curve {private.curve.name}; only P-256 is supported")
    if not isinstance(private, RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey):
        raise KeyRefused("is neither RSA nor P-256 nor Ed25519")
    return _pair(private)


def _pair(private: PrivateKey) -> KeyPair:
    algorithm, jwk = _published(private)
    members = {name: jwk[name] for name in REQUIRED[jwk["kty"]]}
    digest = sha256(json.dumps(members, sort_keys=True, separators=(",", ":")).encode()).digest()
    kid = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
    public_jwk = members | {"kid": kid, "alg": algorithm.value, "use": "sig"}
    return KeyPair(kid=kid, algorithm=algorithm, private=private, public_jwk=public_jwk)


def _published(private: PrivateKey) -> tuple[SigningAlgorithm, dict[str, Any]]:
    if isinstance(private, RSAPrivateKey):
        return SigningAlgorithm.RS256, RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    if isinstance(private, EllipticCurvePrivateKey):
        return SigningAlgorithm.ES256, ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
    return SigningAlgorithm.ED25519, OKPAlgorithm.to_jwk(private.public_key(), as_dict=True)
