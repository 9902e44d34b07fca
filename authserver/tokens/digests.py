"""The digest by which codes and tokens are stored. They are random and short-lived, so it needs no salt and no cost."""

from hashlib import sha256


def digest_of(text: str) -> str:
    """Return the SHA-256 of a code or token, in hexadecimal."""
    return sha256(text.encode()).hexdigest()
