"""Key pairs: generated, read, and published as JSON Web Keys (RFC 7517)."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from jwt.exceptions import PyJWTError

from authserver.keys import private_keys
from authserver.keys.private_keys import RSA_BITS, KeyRefused, PrivateKey
from authserver.models.signing_key import SigningAlgorithm

REQUIRED = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y"), "OKP": ("crv", "kty", "x")}  # RFC 7638, RFC 8037
READERS = {
    SigningAlgorithm.RS256: RSAAlgorithm.from_jwk,
    SigningAlgorithm.ES256: ECAlgorithm.from_jwk,
    SigningAlgorithm.ED25519: OKPAlgorithm.from_jwk,
}


@dataclass(frozen=True, kw_only=True)
class PublicKey:
    """What others know of a key. ``kid`` is the thumbprint of the public key (RFC 7638)."""

    kid: str
    algorithm: SigningAlgorithm
    public: Any = field(repr=False)
    public_jwk: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class KeyPair(PublicKey):
    """A private key with what is published of it."""

    private: PrivateKey = field(repr=False)

    @property
    def pem(self) -> str:
        return self.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def generate(algorithm: SigningAlgorithm) -> KeyPair:
    """Generate a key pair for an algorithm. No key ID begins with a dash: commands would take it for an option."""
    while True:
        pair = _pair(_random(algorithm))
        if not pair.kid.startswith("-"):
            return pair


def read_pem(pem: str) -> KeyPair:
    """Read a private key without a password. Raises KeyRefused."""
    return _pair(private_keys.read(pem))


def read_jwk(jwk: Mapping[str, Any]) -> PublicKey:
    """Read a public key that we published. Raises KeyRefused if its ``kid`` is not its thumbprint."""
    try:
        algorithm = SigningAlgorithm(jwk["alg"])
        public, kid = READERS[algorithm](dict(jwk)), thumbprint(jwk)
    except (KeyError, TypeError, ValueError, PyJWTError) as failure:
        raise KeyRefused("is not a public key of ours") from failure
    if kid != jwk["kid"]:
        raise KeyRefused("has another thumbprint")
    return PublicKey(kid=kid, algorithm=algorithm, public=public, public_jwk=jwk)


def thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the SHA-256 thumbprint of a key in base64url (RFC 7638, section 3)."""
    members = {name: jwk[name] for name in REQUIRED[jwk["kty"]]}
    digest = sha256(json.dumps(members, sort_keys=True, separators=(",", ":")).encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _random(algorithm: SigningAlgorithm) -> PrivateKey:
    match algorithm:
        case SigningAlgorithm.RS256:
            return generate_rsa(public_exponent=65537, key_size=RSA_BITS)
        case SigningAlgorithm.ES256:
            return generate_private_key(SECP256R1())
        case SigningAlgorithm.ED25519:
            return Ed25519PrivateKey.generate()


def _pair(private: PrivateKey) -> KeyPair:
    algorithm, jwk = _published(private)
    kid = thumbprint(jwk)
    members = {name: jwk[name] for name in REQUIRED[jwk["kty"]]}
    public_jwk = members | {"kid": kid, "alg": algorithm.value, "use": "sig"}
    return KeyPair(kid=kid, algorithm=algorithm, private=private, public=private.public_key(), public_jwk=public_jwk)


def _published(private: PrivateKey) -> tuple[SigningAlgorithm, dict[str, Any]]:
    if isinstance(private, RSAPrivateKey):
        return SigningAlgorithm.RS256, RSAAlgorithm.to_jwk(private.public_key(), as_dict=True)
    if isinstance(private, EllipticCurvePrivateKey):
        return SigningAlgorithm.ES256, ECAlgorithm.to_jwk(private.public_key(), as_dict=True)
    return SigningAlgorithm.ED25519, OKPAlgorithm.to_jwk(private.public_key(), as_dict=True)
