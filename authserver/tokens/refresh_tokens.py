"""The text of a refresh token: its family and generation, and a code that only we can derive from both (ADR 50)."""

import base64
import binascii
from dataclasses import dataclass
from uuid import UUID

from foundation.derived_tokens import derive, is_derived

PREFIX = "vrt_"  # by which scanners for leaked secrets find them
CODE = 32  # bytes
LENGTH = 16 + 4 + CODE
USE = b"refresh token\n"


@dataclass(frozen=True, kw_only=True)
class RefreshToken:
    """Which token of which family a text is."""

    family: UUID
    generation: int

    @property
    def message(self) -> bytes:
        return USE + self.family.bytes + self.generation.to_bytes(4)

    def text(self, key_id: str) -> str:
        """Return the token, the same whenever it is asked for with the same key. Raises DerivingKeyLost."""
        raw = self.family.bytes + self.generation.to_bytes(4) + derive(self.message, key_id=key_id)
        return PREFIX + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def read(text: str) -> RefreshToken | None:
    """Return which token a text is, or None if we never derived it. This needs no database."""
    encoded = text.removeprefix(PREFIX)
    if encoded == text or not encoded.isascii():
        return None
    try:
        raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    if len(raw) != LENGTH:
        return None
    token = RefreshToken(family=UUID(bytes=raw[:16]), generation=int.from_bytes(raw[16:20]))
    is_ours = is_derived(raw[20:], token.message) and encoded == base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    return token if is_ours else None
