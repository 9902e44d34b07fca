"""Keys in the environment: base64 of 32 random bytes each."""

import base64
import binascii

from pydantic import SecretStr


def key_of(secret: SecretStr) -> bytes:
    """Return the 32 bytes of a key. Raises ValueError, whose text does not contain the key.

    A key with fewer than 16 distinct bytes, such as all zeros, is refused: a random one is so less than once in a
    billion.
    """
    try:
        key = base64.b64decode(secret.get_secret_value(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        raise ValueError("each key must be base64 of exactly 32 bytes")
    if len(set(key)) < 16:
        raise ValueError("has a key that is not random")
    return key
