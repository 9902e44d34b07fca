"""The keys of seals, removals and checkpoints. They are kept outside the database, newest first."""

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


class KeyUnknown(Exception):
    """The values were signed with a key that we do not have."""


class NotAuthentic(Exception):
    """The code does not match the values."""


@dataclass(frozen=True)
class SealingKey:
    """A key. ``age`` is 0 for the newest, which signs. The others still verify what they signed before."""

    id: str
    age: int
    secret: bytes = field(repr=False)

    def sign(self, kind: str, values: Mapping[str, Any]) -> str:
        """Return the code of the values, in hexadecimal. It covers the kind, so that no kind can pass for another."""
        text = json.dumps(values, sort_keys=True, separators=(",", ":"))
        return hmac.digest(self.secret, f"vestibule {kind} 1\n{text}".encode(), sha256).hex()


def signed(kind: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values with the id of the newest key and its code."""
    key = newest()
    content = {**values, "key_id": key.id}
    return content | {"mac": key.sign(kind, content)}


def checked(kind: str, values: Mapping[str, Any]) -> SealingKey:
    """Return the key with which the values were signed. Raises KeyUnknown, NotAuthentic."""
    key = next((key for key in keys() if key.id == values.get("key_id")), None)
    if key is None:
        raise KeyUnknown(values.get("key_id"))
    content = {name: value for name, value in values.items() if name != "mac"}
    if not hmac.compare_digest(key.sign(kind, content), str(values.get("mac"))):
        raise NotAuthentic
    return key


def newest() -> SealingKey:
    return keys()[0]


def keys() -> tuple[SealingKey, ...]:
    """Return the keys of AUDIT_SEALING_KEYS and then those derived from SECRET_KEY and its fallbacks.

    The derived ones sign as long as AUDIT_SEALING_KEYS is empty.
    """
    return _keys(tuple(settings.AUDIT_SEALING_KEYS), (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=4)
def _keys(given: tuple[bytes, ...], secret_keys: tuple[str, ...]) -> tuple[SealingKey, ...]:
    return tuple(
        SealingKey(id=sha256(b"vestibule key id\n" + secret).hexdigest()[:12], age=age, secret=secret)
        for age, secret in enumerate((*given, *map(_derived, secret_keys)))
    )


def _derived(secret_key: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=b"vestibule trail seals 1").derive(secret_key.encode())
