"""The text of an API key: a prefix, a public id, a random secret, and a checksum.

Scanners for leaked secrets find keys by the prefix and the checksum, and a text that is not a key is refused without a
query. The database has the public id and a digest. A fast one is enough, because the secret has 256 random bits.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from zlib import crc32

PREFIX = "vak_"
KEY = re.compile(r"vak_([0-9a-f]{16})[A-Za-z0-9_-]{43}[0-9a-f]{8}\Z", re.ASCII)
LENGTH = 71


@dataclass(frozen=True, kw_only=True)
class StoredKey:
    """What the database has of a key."""

    public_id: str
    digest: str


def new() -> tuple[str, StoredKey]:
    """Return a new key, which the caller shows once, and what is stored of it."""
    body = f"{PREFIX}{secrets.token_hex(8)}{secrets.token_urlsafe(32)}"
    text = f"{body}{_checksum(body)}"
    return text, _stored(text)


def read(text: str) -> StoredKey | None:
    """Return what is stored of a key, or None if the text cannot be one."""
    if len(text) != LENGTH or not KEY.match(text) or _checksum(text[:-8]) != text[-8:]:
        return None
    return _stored(text)


def _stored(text: str) -> StoredKey:
    return StoredKey(public_id=text[4:20], digest=hashlib.sha256(text.encode()).hexdigest())


def _checksum(body: str) -> str:
    return f"{crc32(body.encode()):08x}"
