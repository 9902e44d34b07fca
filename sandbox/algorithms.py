"""Sign with algorithms other than RS256, each with its own key, to test products that accept or must refuse them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from sandbox.keys import base64url, number

SHA2: dict[str, hashes.HashAlgorithm] = {
    "256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512(),
}  # fmt: skip
CURVES = {"ES256": ("P-256", ec.SECP256R1()), "ES384": ("P-384", ec.SECP384R1()), "ES512": ("P-521", ec.SECP521R1())}
OTHER_ALGORITHMS = ("RS512", "PS256", "PS384", "PS512", *CURVES, "EdDSA", "Ed25519")


@dataclass(frozen=True)
class OtherKey:
    """A key for one algorithm, with its public part."""

    algorithm: str
    sign: Callable[[bytes], bytes]
    public: dict[str, object]

    @property
    def kid(self) -> str:
        return f"key-for-{self.algorithm}"

    def public_jwk(self) -> dict[str, object]:
        return {"use": "sig", "alg": self.algorithm, "kid": self.kid} | self.public


@cache
def other_key(algorithm: str) -> OtherKey:
    """Return this process's key for an algorithm (RFC 7518, sections 3.3 to 3.5; RFC 8037; RFC 9864)."""
    if algorithm in CURVES:
        return _elliptic(algorithm)
    return _edwards(algorithm) if algorithm.startswith("Ed") else _rsa(algorithm)


def _rsa(algorithm: str) -> OtherKey:
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    sha2, numbers = SHA2[algorithm[2:]], private.public_key().public_numbers()
    padded: padding.AsymmetricPadding = padding.PKCS1v15()
    if algorithm.startswith("PS"):
        padded = padding.PSS(mgf=padding.MGF1(sha2), salt_length=sha2.digest_size)
    public: dict[str, object] = {"kty": "RSA", "n": number(numbers.n), "e": number(numbers.e)}
    return OtherKey(algorithm, lambda content: private.sign(content, padded, sha2), public)


def _elliptic(algorithm: str) -> OtherKey:
    name, curve = CURVES[algorithm]
    private, sha2 = ec.generate_private_key(curve), SHA2[algorithm[2:]]
    numbers, length = private.public_key().public_numbers(), (curve.key_size + 7) // 8

    def sign(content: bytes) -> bytes:
        halves = decode_dss_signature(private.sign(content, ec.ECDSA(sha2)))
        return b"".join(half.to_bytes(length, "big") for half in halves)

    x, y = (base64url(part.to_bytes(length, "big")) for part in (numbers.x, numbers.y))
    return OtherKey(algorithm, sign, {"kty": "EC", "crv": name, "x": x, "y": y})


def _edwards(algorithm: str) -> OtherKey:
    private = ed25519.Ed25519PrivateKey.generate()
    raw = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return OtherKey(algorithm, private.sign, {"kty": "OKP", "crv": "Ed25519", "x": base64url(raw)})
