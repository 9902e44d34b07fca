"""Message authentication codes for data in a store that others may be able to write to (ADR 30).

HMAC-SHA-256 (RFC 2104) with a key derived from ``SECRET_KEY``. Codes made under one of ``SECRET_KEY_FALLBACKS`` are
still authentic, so that the key can be changed in a rolling restart.
"""

import hmac
import json
from functools import lru_cache

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def mac(use: str, *parts: str) -> str:
    """Return the code of these parts, in hexadecimal. A code for one ``use`` is not valid for another."""
    return _mac(settings.SECRET_KEY, use, parts)


def is_authentic(code: object, use: str, *parts: str) -> bool:
    """Whether we made this code for this use and exactly these parts, under the current key or a fallback."""
    if not isinstance(code, str) or not code.isascii():
        return False
    keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return any(hmac.compare_digest(_mac(key, use, parts), code) for key in keys)


def _mac(secret_key: str, use: str, parts: tuple[str, ...]) -> str:
    """Encode the parts as a JSON list, so that different lists of parts never give the same message."""
    return hmac.digest(_key(secret_key), json.dumps([use, *parts]).encode(), "sha256").hex()


@lru_cache(maxsize=8)
def _key(secret_key: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=b"vestibule shared store 1").derive(secret_key.encode())
