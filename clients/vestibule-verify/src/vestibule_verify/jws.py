"""The compact form of a signed token (RFC 7515, section 7.1), read strictly.

Python's base64 skips characters that it does not know and ignores spare bits, and its JSON parser takes the last of
two equal names. Both would let one token have many texts, or two readers see two tokens.
"""

import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from vestibule_verify.errors import Unacceptable
from vestibule_verify.strict_json import parse_object

LONGEST = 16_384  # characters, as Vestibule itself accepts
COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
NO_SPARE_BITS = {2: frozenset("AQgw"), 3: frozenset("AEIMQUYcgkosw048")}  # last characters, by the length modulo 4
TYPES = ("at+jwt", "application/at+jwt")  # RFC 9068, section 4


@dataclass(frozen=True, kw_only=True)
class SignedToken:
    """A token as it came, not verified: nothing in it counts before ``signature`` is."""

    kid: str
    algorithm: str
    claims: dict[str, Any]
    signed: bytes
    signature: bytes


def parse(token: str) -> SignedToken:
    """Return the parts of an access token. Raises Unacceptable.

    Of the header only ``typ``, ``kid`` and ``alg`` are read, so a key in it or a link to one means nothing. A header
    with ``crit`` is refused, because no extension is known here (RFC 7515, section 4.1.11).
    """
    if len(token) > LONGEST or not COMPACT.fullmatch(token):
        raise Unacceptable("malformed")
    signed, _, signature = token.rpartition(".")
    head, _, body = signed.partition(".")
    try:
        kid, algorithm = _read_header(head)
        claims, read = parse_object(_decoded(body)), _decoded(signature)
    except ValueError:
        raise Unacceptable("malformed") from None
    return SignedToken(kid=kid, algorithm=algorithm, claims=claims, signed=signed.encode(), signature=read)


@lru_cache(maxsize=32)
def _read_header(head: str) -> tuple[str, str]:
    """Return the key's ID and the algorithm. The tokens of one key have the same header, so it is read once."""
    header = parse_object(_decoded(head))
    kid, algorithm, typ = header.get("kid"), header.get("alg"), header.get("typ")
    if not isinstance(typ, str) or typ.lower() not in TYPES:
        raise Unacceptable("another_type")
    if "crit" in header:
        raise Unacceptable("critical_extension")
    if not isinstance(kid, str) or not isinstance(algorithm, str):
        raise Unacceptable("no_key_named")
    return kid, algorithm


def _decoded(part: str) -> bytes:
    """Decode base64url without padding. Raises ValueError for any but the one text of these bytes."""
    rest = len(part) % 4
    if rest and part[-1] not in NO_SPARE_BITS.get(rest, ()):
        raise ValueError("spare bits are set, or a length that no bytes have")
    return urlsafe_b64decode(part + "=" * (-rest % 4))
