"""Encryption of secrets at rest. A ciphertext decrypts only on this site, and only for the same owner and purpose.

Texts are encrypted with AES-256-GCM (NIST SP 800-38D) under the newest of ``TOKEN_ENCRYPTION_KEYS``. Those encrypted
under an older key stay readable as long as that key is listed. A ciphertext names its format and its key:
``2.<key id>.<nonce and ciphertext>`` (ADR 20).
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
NONCE = 12  # bytes: NIST SP 800-38D, section 8.2


class DecryptionFailed(Exception):
    """The ciphertext was changed, or it belongs to another owner or purpose."""


class KeyLost(DecryptionFailed):
    """The key that a ciphertext names is not in our key ring: it was removed, or only other processes have it yet.

    So the ciphertext may still be readable elsewhere and must not be discarded. The same holds for a format that only
    newer code knows.
    """


@dataclass(frozen=True)
class EncryptionKey:
    """A key of the key ring. Ciphertexts contain its id, which reveals nothing about the key."""

    id: str
    cipher: AESGCM = field(repr=False)


def encrypt(text: str, *, owner: object, purpose: str) -> str:
    """Encrypt a text for one owner and one purpose; decryption needs the same two."""
    key, nonce = _ring()[0], secrets.token_bytes(NONCE)
    encrypted = key.cipher.encrypt(nonce, text.encode(), _bound_to(owner, purpose))
    return f"{WAY}.{key.id}.{base64.urlsafe_b64encode(nonce + encrypted).decode()}"


def decrypt(encrypted: str, *, owner: object, purpose: str) -> str:
    """Decrypt a text that was encrypted for this owner and purpose. Raises DecryptionFailed, KeyLost."""
    key, content = _parts(encrypted)
    try:
        raw = base64.b64decode(content, altchars=b"-_", validate=True)
        return key.cipher.decrypt(raw[:NONCE], raw[NONCE:], _bound_to(owner, purpose)).decode()
    except (binascii.Error, InvalidTag, ValueError) as failure:
        raise DecryptionFailed from failure


def key_of(encrypted: str) -> str:
    """Return the id of the key of a ciphertext, whether we have that key or not. Raises DecryptionFailed."""
    way, _, rest = encrypted.partition(".")
    if way != WAY:
        raise DecryptionFailed(f"unknown format of ciphertext: {way[:8]!r}")
    return rest.partition(".")[0]


def is_current(encrypted: str) -> bool:
    """Whether a ciphertext is under the newest key. Raises DecryptionFailed."""
    return key_of(encrypted) == _ring()[0].id


def key_ids() -> list[str]:
    """Return the ids of our keys. The first is the one that encrypts."""
    return [key.id for key in _ring()]


def fingerprint(text: str, *, owner: object, purpose: str) -> str:
    """Return a keyed digest by which a text is recognised without being stored.

    Without the key nobody can test guesses against it.
    """
    return fingerprints(text, owner=owner, purpose=purpose)[0]


def fingerprints(text: str, *, owner: object, purpose: str) -> list[str]:
    """Return the current fingerprint of a text, and those that it has under ``SECRET_KEY_FALLBACKS``."""
    message = _bound_to(owner, purpose) + b"\n" + text.encode()
    secret_keys = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return [hmac.digest(_material(key, "fingerprint"), message, "sha256").hex() for key in secret_keys]


def _parts(encrypted: str) -> tuple[EncryptionKey, str]:
    way = encrypted.partition(".")[0]
    if way.isdecimal() and len(way) < 4 and int(way) > int(WAY):
        raise KeyLost(f"of format {way}")
    named = key_of(encrypted)
    key = next((key for key in _ring() if key.id == named), None)
    if key is None:
        raise KeyLost(named)
    return key, encrypted.rpartition(".")[2]


def _bound_to(owner: object, purpose: str) -> bytes:
    return f"{purpose}\n{owner}".encode()


def _ring() -> tuple[EncryptionKey, ...]:
    """Return the configured keys, newest first, and then those derived from SECRET_KEY and its fallbacks."""
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
