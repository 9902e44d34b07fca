"""The secrets of clients: 256 random bits, so that a fast salted digest is enough.

A slow hash protects what people choose. Nobody guesses 256 random bits, however fast each guess is, and a slow hash
would only limit how many tokens we can issue.
"""

import hmac
import secrets
from hashlib import sha256

BYTES = 32
SALT = 16


def new_secret() -> str:
    """Return a new secret, which the caller shows once: 43 characters of base64url."""
    return secrets.token_urlsafe(BYTES)


def digest_of(secret: str) -> str:
    """Return what is stored: a random salt and the digest, in hexadecimal."""
    salt = secrets.token_bytes(SALT)
    return f"{salt.hex()}${_digest(salt, secret)}"


def is_right(secret: str, digest: str) -> bool:
    """Whether this is the secret of the digest, compared in constant time."""
    salt, _, expected = digest.partition("$")
    return hmac.compare_digest(_digest(bytes.fromhex(salt), secret), expected)


def _digest(salt: bytes, secret: str) -> str:
    return sha256(salt + secret.encode()).hexdigest()
