"""Secrets at rest: encrypted so that only this site reads them, each only for whom and for what it was encrypted.

AES-256-GCM under a key derived from ``SECRET_KEY``. The number in front names the way of encrypting, so that a vault
with keys of its own can take over.
"""

import base64
import binascii
import hmac
import secrets
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

WAY = "1"
NONCE = 12  # bytes: NIST SP 800-38D, section 8.2


class DecryptionFailed(Exception):
    """An encrypted text was changed, or is for somebody or something else, or under another key."""


def encrypt(text: str, *, owner: object, purpose: str) -> str:
    """Encrypt a text for one owner and one purpose; both must be said again to decrypt it."""
    nonce = secrets.token_bytes(NONCE)
    encrypted = AESGCM(_key("encrypt")).encrypt(nonce, text.encode(), _bound_to(owner, purpose))
    return f"{WAY}.{base64.urlsafe_b64encode(nonce + encrypted).decode()}"


def decrypt(encrypted: str, *, owner: object, purpose: str) -> str:
    """Raises DecryptionFailed."""
    way, _, content = encrypted.partition(".")
    try:
        raw = base64.b64decode(content, altchars=b"-_", validate=True)
        text = AESGCM(_key("encrypt")).decrypt(raw[:NONCE], raw[NONCE:], _bound_to(owner, purpose))
    except (binascii.Error, InvalidTag, ValueError) as failure:
        raise DecryptionFailed from failure
    if way != WAY:
        raise DecryptionFailed
    return text.decode()


def fingerprint(text: str, *, owner: object, purpose: str) -> str:
    """Return what a text is recognised by without being kept: nobody can try texts against it without the key."""
    return hmac.digest(_key("fingerprint"), _bound_to(owner, purpose) + b"\n" + text.encode(), "sha256").hex()


def _bound_to(owner: object, purpose: str) -> bytes:
    return f"{purpose}\n{owner}".encode()


def _key(use: str) -> bytes:
    return _derived(settings.SECRET_KEY, use)


@lru_cache(maxsize=4)
def _derived(secret_key: str, use: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=f"vestibule {use} {WAY}".encode()).derive(secret_key.encode())
