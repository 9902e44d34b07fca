"""The digest by which codes and tokens are stored. They are random, so that it needs neither salt nor cost."""

from hashlib import sha256


def digest_of(text: str) -> str:
    """Return the SHA-256 of a code or token, in hexadecimal."""
    return sha256(text.encode()).hexdigest()
