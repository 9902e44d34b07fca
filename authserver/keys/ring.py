"""The key ring of this process: the keys that sign, and those that are published.

``OIDC_SIGNING_KEYS`` is the only source if it is set. Otherwise the keys are rows. Private keys are parsed once per
process, because that takes 30 ms; which of them count is read again every two seconds, so that a withdrawn key stops
counting everywhere.
"""

import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from audit.context import Actor, ActorKind, acting
from authserver.keys import pairs, stored
from authserver.keys.pairs import KeyPair
from authserver.models.signing_key import SigningAlgorithm, TokenSigningKey
from foundation.locks import one_at_a_time

FRESH = 2.0  # seconds
ACTOR = Actor(ActorKind.JOB, "signing-keys")


class NoKey(Exception):
    """No key of this algorithm signs."""


@dataclass(frozen=True, kw_only=True)
class KeyRing:
    """The keys that count at a moment, the one that signs first for each algorithm."""

    published: tuple[KeyPair, ...]
    signing: dict[SigningAlgorithm, KeyPair]
    by_kid: dict[str, KeyPair] = field(default_factory=dict)

    @classmethod
    def of(cls, published: Iterable[KeyPair], signing: Iterable[KeyPair]) -> "KeyRing":
        first: dict[SigningAlgorithm, KeyPair] = {}
        for pair in signing:
            first.setdefault(pair.algorithm, pair)
        known = tuple(published)
        return cls(published=known, signing=first, by_kid={pair.kid: pair for pair in known})

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
    """The ring that this process read last, and the private keys that it has parsed so far."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.ring: KeyRing | None = None
        self.read_at = 0.0
        self.parsed: dict[str, KeyPair] = {}

    def pair(self, row: TokenSigningKey) -> KeyPair:
        if row.kid not in self.parsed:
            self.parsed[row.kid] = stored.pair_of(row)
        return self.parsed[row.kid]


_cache = _Cache()


def current() -> KeyRing:
    """Return the ring. Without any stored key it generates one for each algorithm first."""
    if settings.OIDC_SIGNING_KEYS:
        return _configured(tuple(settings.OIDC_SIGNING_KEYS))
    if _cache.ring is None or time.monotonic() - _cache.read_at > FRESH:
        with _cache.lock:
            _cache.ring, _cache.read_at = _read(), time.monotonic()
    return _cache.ring


def forget() -> None:
    """Let the next use read the keys again: after a change in this process, and between tests."""
    _cache.ring = None


@lru_cache(maxsize=2)
def _configured(pems: tuple[str, ...]) -> KeyRing:
    known = [pairs.read_pem(pem) for pem in pems]
    return KeyRing.of(known, known)


def _read() -> KeyRing:
    now = timezone.now()
    rows = list(_published())
    if not any(row.active_at <= now for row in rows):
        _generate_first()
        rows, now = list(_published()), timezone.now()
    active = [row for row in rows if row.active_at <= now]
    return KeyRing.of(map(_cache.pair, rows), map(_cache.pair, active))


def _published() -> "QuerySet[TokenSigningKey]":
    return TokenSigningKey.objects.filter(removed_at=None).order_by("-active_at", "kid")


def _generate_first() -> None:
    """Generate a key for each algorithm, in one process: the others wait, and then find it."""
    with acting(actor=ACTOR), one_at_a_time("signing-keys", waits=True), transaction.atomic():
        now = timezone.now()
        if not _published().filter(active_at__lte=now).exists():
            for algorithm in SigningAlgorithm:
                stored.row_of(pairs.generate(algorithm), created_at=now, active_at=now).save(force_insert=True)
