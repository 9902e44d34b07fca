"""Each provider's signing keys: generated when first needed, published, rotated, withdrawn."""

import base64
import hashlib
import threading
from dataclasses import dataclass
from functools import cache

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa


def base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def number(value: int) -> str:
    return base64url(value.to_bytes((value.bit_length() + 7) // 8, "big"))


@dataclass(frozen=True)
class SigningKey:
    """One RSA key of 2048 bits, and the `kid` under which it is published."""

    kid: str
    private: rsa.RSAPrivateKey

    @classmethod
    def make(cls, kid: str | None = None) -> "SigningKey":
        private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        modulus = private.public_key().public_numbers().n
        return cls(kid or hashlib.sha256(number(modulus).encode()).hexdigest()[:40], private)

    def public_jwk(self) -> dict[str, object]:
        numbers = self.private.public_key().public_numbers()
        return {
            "kty": "RSA",
            "use": "sig",
            "alg": "RS256",
            "kid": self.kid,
            "n": number(numbers.n),
            "e": number(numbers.e),
        }

    def private_jwk(self) -> dict[str, object]:
        """The key with its private part, which only a fault publishes. A client must survive it."""
        secret = self.private.private_numbers()
        return self.public_jwk() | {
            "d": number(secret.d),
            "p": number(secret.p),
            "q": number(secret.q),
            "dp": number(secret.dmp1),
            "dq": number(secret.dmq1),
            "qi": number(secret.iqmp),
        }

    def public_pem(self) -> bytes:
        return self.private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def sign(self, content: bytes) -> bytes:
        """Sign with RS256 (RFC 7518, section 3.3)."""
        return self.private.sign(content, padding.PKCS1v15(), hashes.SHA256())


class KeyRing:
    """One provider's keys, newest first; the newest signs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._published: list[SigningKey] = []
        self._withdrawn: list[SigningKey] = []

    @property
    def current(self) -> SigningKey:
        return self.published[0]

    @property
    def published(self) -> tuple[SigningKey, ...]:
        with self._lock:
            if not self._published:
                self._published.append(SigningKey.make())
            return tuple(self._published)

    @property
    def last_withdrawn(self) -> SigningKey | None:
        with self._lock:
            return self._withdrawn[-1] if self._withdrawn else None

    def rotate(self, *, withdraw: bool, keep_kid: bool) -> SigningKey:
        """Put a new key in front. `keep_kid` reuses the old `kid`, which also withdraws the old key."""
        fresh = SigningKey.make(self.current.kid if keep_kid else None)
        with self._lock:
            if withdraw or keep_kid:
                self._withdrawn.extend(self._published)
                self._published.clear()
            self._published.insert(0, fresh)
        return fresh


@cache
def attackers_key() -> SigningKey:
    """Return a key that no provider ever publishes, for forged signatures."""
    return SigningKey.make()
