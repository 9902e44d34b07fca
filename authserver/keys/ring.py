"""The key ring of this process: the keys that sign, and those that are published.

``OIDC_SIGNING_KEYS`` is the only source if it is set. Otherwise the keys are rows. Private keys are parsed once per
process, because that takes 30 ms; which of them count is read again every second, so that a withdrawn key counts
nowhere after two.
"""

import logging
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from audit.context import Actor, ActorKind, acting
from authserver.keys import pairs, stored
from authserver.keys.pairs import KeyPair, PublicKey
from authserver.keys.private_keys import KeyRefused
from authserver.models.signing_key import SigningAlgorithm, TokenSigningKey
from foundation.rows import Rows, fetch_all

logger = logging.getLogger(__name__)

KEY = Rows(TokenSigningKey, "k")
READ = f"SELECT {KEY.columns} FROM authserver_tokensigningkey k WHERE NOT k.is_withdrawn"
FRESH = 1.0  # seconds
UNCERTAIN = timedelta(seconds=10)  # how long a new key may be one of a transaction that is still rolled back
ACTOR = Actor(ActorKind.JOB, "signing-keys")


class NoKey(Exception):
    """No key of this algorithm signs."""


@dataclass(frozen=True, kw_only=True)
class KeyRing:
    """The keys that count at a moment.

    ``published`` verify, and of each algorithm one of them signs. ``retired`` keys have signed nothing that has not
    expired: they recognise ID tokens that come back as hints.
    """

    published: tuple[KeyPair, ...]
    signing: Mapping[SigningAlgorithm, KeyPair]
    by_kid: Mapping[str, KeyPair]
    retired: Mapping[str, PublicKey] = field(default_factory=dict)

    @classmethod
    def of(
        cls, published: Iterable[KeyPair], signing: Iterable[KeyPair], retired: Iterable[PublicKey] = ()
    ) -> "KeyRing":
        """Return a ring. Of ``signing`` the first key of each algorithm signs."""
        first: dict[SigningAlgorithm, KeyPair] = {}
        for pair in signing:
            first.setdefault(pair.algorithm, pair)
        known = tuple(published)
        return cls(
            published=known,
            signing=first,
            by_kid={pair.kid: pair for pair in known},
            retired={key.kid: key for key in retired},
        )

    @property
    def is_complete(self) -> bool:
        return len(self.signing) == len(SigningAlgorithm)

    @property
    def algorithms(self) -> list[str]:
        """The algorithms with which we sign."""
        return [algorithm.value for algorithm in SigningAlgorithm if algorithm in self.signing]

    def signer(self, algorithm: SigningAlgorithm) -> KeyPair:
        """Return the key that signs with an algorithm. Raises NoKey."""
        try:
            return self.signing[algorithm]
        except KeyError:
            raise NoKey(algorithm.value) from None

    def jwks(self) -> dict[str, Any]:
        """Return the public keys as a JWK Set (RFC 7517, section 5)."""
        return {"keys": [pair.public_jwk for pair in self.published]}


class _Cache:
    """The ring that this process read last, and when it began to read it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.ring: KeyRing | None = None
        self.read_at = 0.0

    def fresh(self) -> KeyRing | None:
        ring = self.ring
        return ring if ring is not None and time.monotonic() - self.read_at <= FRESH else None


_cache = _Cache()


def current() -> KeyRing:
    """Return the ring. An algorithm without a key gets one first."""
    if settings.OIDC_SIGNING_KEYS:
        return _configured(tuple(settings.OIDC_SIGNING_KEYS))
    return _cache.fresh() or _renewed()


def can_sign(algorithm: SigningAlgorithm) -> bool:
    """Whether a key signs with this algorithm. Without configured keys one does, because a missing one is generated."""
    return not settings.OIDC_SIGNING_KEYS or algorithm in current().signing


def forget() -> None:
    """Let the next use read the keys again: after a change in this process."""
    _cache.ring = None
    stored.forget()


@lru_cache(maxsize=2)
def _configured(pems: tuple[str, ...]) -> KeyRing:
    known = [pairs.read_pem(pem) for pem in pems]
    return KeyRing.of(known, known)


def _renewed() -> KeyRing:
    with _cache.lock:
        if (found := _cache.fresh()) is not None:
            return found
        found = _read()
    # Not under the lock of this process: whoever generates keys may wait for the transaction of another thread.
    return found if found.is_complete else _filled()


def _filled() -> KeyRing:
    """Fill the gaps, in one process: the others wait, and then find the keys."""
    with acting(actor=ACTOR), stored.one_change() as now:
        stored.fill_gaps(now)
    return _read()


def _read() -> KeyRing:
    """Read the ring. It is remembered if it is complete and has no key that no other transaction may ever see."""
    began, now, rows = time.monotonic(), timezone.now(), _rows()
    ring = _ring(rows, now)
    is_uncertain = connection.in_atomic_block and any(row.created_at > now - UNCERTAIN for row in rows)
    if ring.is_complete and not is_uncertain:
        _cache.ring, _cache.read_at = ring, began
    return ring


def _rows() -> list[TokenSigningKey]:
    return [KEY.read(row) for row in fetch_all(READ, [])]


def _ring(rows: Iterable[TokenSigningKey], now: datetime) -> KeyRing:
    known = sorted((row for row in rows if row.removed_at is None), key=stored.precedence(now), reverse=True)
    readable = [(row, pair) for row in known if (pair := stored.pair_of(row)) is not None]
    active = [pair for row, pair in readable if stored.is_active(row, now)]
    retired = [key for row in rows if row.removed_at is not None and (key := _retired(row)) is not None]
    return KeyRing.of((pair for _, pair in readable), active, retired)


def _retired(row: TokenSigningKey) -> PublicKey | None:
    try:
        return pairs.read_jwk(row.public_jwk)
    except KeyRefused as failure:
        logger.error("retired signing key %s: %s", row.kid, failure)  # noqa: TRY400  # the row is at fault, not the code
        return None
