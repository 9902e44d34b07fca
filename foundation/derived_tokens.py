"""Tokens that are derived instead of drawn: HMAC-SHA-256 of a message, so that we can say one again without storing it.

The keys are derived from ``SECRET_KEY`` and its fallbacks. Each has an id, which is stored beside what it made.
"""

import hmac
from functools import lru_cache
from hashlib import sha256

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class DerivingKeyLost(Exception):
    """The key with this id is not in our settings any more."""


def current_key() -> str:
    """Return the id of the key that derives new tokens."""
    return _key(settings.SECRET_KEY)[0]


def is_known(key_id: str) -> bool:
    """Whether the key with this id is in our settings."""
    return any(name == key_id for name, _key in _keys())


def derive(message: bytes, *, key_id: str) -> bytes:
    """Return the 32 bytes that a key derives from a message. Raises DerivingKeyLost."""
    for name, key in _keys():
        if name == key_id:
            return hmac.digest(key, message, "sha256")
    raise DerivingKeyLost(key_id)


def is_derived(code: bytes, message: bytes) -> bool:
    """Whether one of our keys derives this code from the message, compared in constant time."""
    return any(hmac.compare_digest(hmac.digest(key, message, "sha256"), code) for _name, key in _keys())


def _keys() -> list[tuple[str, bytes]]:
    return [_key(secret) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


@lru_cache(maxsize=8)
def _key(secret_key: str) -> tuple[str, bytes]:
    key = HKDF(SHA256(), length=32, salt=None, info=b"vestibule derived tokens 1").derive(secret_key.encode())
    return sha256(b"vestibule derived tokens key id\n" + key).hexdigest()[:12], key
