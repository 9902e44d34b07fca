"""Secrets at rest: encrypted so that only this site reads them, each only for whom and for what it was encrypted.

AES-256-GCM (NIST SP 800-38D) under the newest of ``TOKEN_ENCRYPTION_KEYS``; what was encrypted under an older one
stays readable while that is listed. What is kept names its way and its key: ``2.<key id>.<nonce and ciphertext>``.
Texts of way 1 are from before there were keys with names (ADR 20).
"""

import base64
import binascii
import hmac
import secrets
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

WAY = "2"
FORMER = "1"  # under the key derived from SECRET_KEY, without naming it
NONCE = 12  # bytes: NIST SP 800-38D, section 8.2


class DecryptionFailed(Exception):
    """An encrypted text was changed, or is for somebody or something else."""


class KeyLost(DecryptionFailed):
    """The key that a text names is not among ours: it was taken away, or other processes have it already.

    So a text that cannot be read here is no text that is worthless. The same holds for a way that only newer code
    knows, and for texts of way 1, which name no key.
    """


@dataclass(frozen=True)
class EncryptionKey:
    """A key of the ring, by the name that stands beside what it has encrypted: it says nothing about the key."""

    id: str
    cipher: AESGCM = field(repr=False)


def encrypt(text: str, *, owner: object, purpose: str) -> str:
    """Encrypt a text for one owner and one purpose; both must be said again to decrypt it."""
    key, nonce = _ring()[0], secrets.token_bytes(NONCE)
    encrypted = key.cipher.encrypt(nonce, text.encode(), _bound_to(owner, purpose))
    return f"{WAY}.{key.id}.{base64.urlsafe_b64encode(nonce + encrypted).decode()}"


def decrypt(encrypted: str, *, owner: object, purpose: str) -> str:
    """Raises DecryptionFailed, KeyLost."""
    key, content = _parts(encrypted)
    try:
        raw = base64.b64decode(content, altchars=b"-_", validate=True)
        return key.cipher.decrypt(raw[:NONCE], raw[NONCE:], _bound_to(owner, purpose)).decode()
    except (binascii.Error, InvalidTag, ValueError) as failure:
        if isinstance(failure, InvalidTag) and encrypted.startswith(f"{FORMER}."):
            raise KeyLost(key.id) from failure
        raise DecryptionFailed from failure


def key_of(encrypted: str) -> str:
    """Return the id of the key under which a text is, whether it is among ours or not. Raises DecryptionFailed."""
    way, _, rest = encrypted.partition(".")
    if way == FORMER:
        return _derived(settings.SECRET_KEY).id
    if way != WAY:
        raise DecryptionFailed(f"no way of encrypting is called {way[:8]!r}")
    return rest.partition(".")[0]


def is_current(encrypted: str) -> bool:
    """Whether a text is encrypted as it would be today. Raises DecryptionFailed."""
    return encrypted.startswith(f"{WAY}.") and key_of(encrypted) == _ring()[0].id


def key_ids() -> list[str]:
    """Return the names of our keys, the one that encrypts first."""
    return [key.id for key in _ring()]


def fingerprint(text: str, *, owner: object, purpose: str) -> str:
    """Return what a text is recognised by without being kept: nobody can try texts against it without the key."""
    return fingerprints(text, owner=owner, purpose=purpose)[0]


def fingerprints(text: str, *, owner: object, purpose: str) -> list[str]:
    """Return the fingerprint of today, and those that were kept of the same text under ``SECRET_KEY_FALLBACKS``."""
    message = _bound_to(owner, purpose) + b"\n" + text.encode()
    secret_keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [hmac.digest(_material(key, "fingerprint"), message, "sha256").hex() for key in secret_keys]


def _parts(encrypted: str) -> tuple[EncryptionKey, str]:
    way = encrypted.partition(".")[0]
    if way.isdecimal() and len(way) < 4 and int(way) > int(WAY):
        raise KeyLost(f"of way {way}")
    named = key_of(encrypted)
    key = next((key for key in _ring() if key.id == named), None)
    if key is None:
        raise KeyLost(named)
    return key, encrypted.rpartition(".")[2]


def _bound_to(owner: object, purpose: str) -> bytes:
    return f"{purpose}\n{owner}".encode()


def _ring() -> tuple[EncryptionKey, ...]:
    """The keys that were given, newest first, and those derived from SECRET_KEY and its fallbacks."""
    derived = (_derived(secret_key) for secret_key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))
    return (*_given(tuple(settings.TOKEN_ENCRYPTION_KEYS)), *derived)


@lru_cache(maxsize=4)
def _given(keys: tuple[bytes, ...]) -> tuple[EncryptionKey, ...]:
    return tuple(_named(key) for key in keys)


@lru_cache(maxsize=4)
def _derived(secret_key: str) -> EncryptionKey:
    return _named(_material(secret_key, "encrypt"))


def _named(key: bytes) -> EncryptionKey:
    return EncryptionKey(id=sha256(b"vestibule encryption key id\n" + key).hexdigest()[:12], cipher=AESGCM(key))


@lru_cache(maxsize=16)
def _material(secret_key: str, use: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=f"vestibule {use} 1".encode()).derive(secret_key.encode())
