"""Signing keys in the database: encrypted for their row, and in one order that every process agrees on.

A key signs from ``active_at`` on, without another write. A moment that is further ahead than keys wait was written by
a wrong clock (``foundation.clocks``): such a key counts as active, after all others.
"""

import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from audit.events import record
from authserver import events
from authserver.keys import pairs
from authserver.keys.pairs import KeyPair
from authserver.keys.private_keys import KeyRefused
from authserver.models.signing_key import SigningAlgorithm, TokenSigningKey
from foundation import lifetimes
from foundation.clocks import is_due
from foundation.encryption import DecryptionFailed, decrypt, encrypt
from foundation.locks import lock_until_commit

logger = logging.getLogger(__name__)

PURPOSE = "signing_key"
LOCK = "signing-keys"
MOST = 64  # private keys that this process has parsed: each takes 30 ms


class KeyState(models.TextChoices):
    """What a key is for at a moment."""

    WAITING = "waiting", _("published, waits to sign")
    SIGNING = "signing", _("signs")
    VERIFYING = "verifying", _("published for the tokens that it has signed")
    RETIRED = "retired", _("retired")
    WITHDRAWN = "withdrawn", _("withdrawn")


@contextmanager
def one_change() -> Iterator[datetime]:
    """Change the keys while nobody else does, in a transaction, and yield the time. Others wait for the commit."""
    with transaction.atomic():
        lock_until_commit(LOCK)
        yield timezone.now()


def published() -> list[TokenSigningKey]:
    return list(TokenSigningKey.objects.filter(removed_at=None))


def is_active(row: TokenSigningKey, now: datetime) -> bool:
    """Whether a published key may sign."""
    return is_due(row.active_at, longest=lifetimes.KEY_ANNOUNCED, now=now)


def precedence(now: datetime) -> Callable[[TokenSigningKey], tuple[bool, datetime, str]]:
    """Return what keys are ordered by: of the active ones of an algorithm, the greatest signs."""
    return lambda row: (row.active_at <= now, row.active_at, row.kid)


def states(rows: Iterable[TokenSigningKey], now: datetime) -> dict[str, KeyState]:
    """Return the state of each key, by its ``kid``."""
    rows = list(rows)
    active = [row for row in rows if row.removed_at is None and is_active(row, now)]
    signing = {row.algorithm: row.kid for row in sorted(active, key=precedence(now))}  # the last one stays
    verifying = {row.kid for row in active}
    found: dict[str, KeyState] = {}
    for row in rows:
        if row.removed_at is not None:
            found[row.kid] = KeyState.WITHDRAWN if row.is_withdrawn else KeyState.RETIRED
        elif row.kid in verifying:
            found[row.kid] = KeyState.SIGNING if signing[row.algorithm] == row.kid else KeyState.VERIFYING
        else:
            found[row.kid] = KeyState.WAITING
    return found


def publish(algorithm: SigningAlgorithm, *, now: datetime, active_at: datetime) -> TokenSigningKey:
    """Generate a key and store it, in a change. It is published at once and signs from ``active_at`` on."""
    pair = pairs.generate(algorithm)
    row = TokenSigningKey(
        kid=pair.kid,
        algorithm=algorithm,
        private_key=encrypt(pair.pem, owner=pair.kid, purpose=PURPOSE),
        public_jwk=pair.public_jwk,
        created_at=now,
        active_at=active_at,
    )
    row.save(force_insert=True)
    record(events.SIGNING_KEY_PUBLISHED, object=row, kid=row.kid, algorithm=row.algorithm, signs_from=active_at)
    return row


def fill_gaps(now: datetime) -> list[TokenSigningKey]:
    """Let a key sign at once for every algorithm without one, in a change: the one that waits, or else a new one."""
    rows = [row for row in published() if pair_of(row) is not None]
    missing = set(SigningAlgorithm) - {row.algorithm for row in rows if is_active(row, now)}
    return [_fill(algorithm, rows, now) for algorithm in SigningAlgorithm if algorithm in missing]


def _fill(algorithm: SigningAlgorithm, rows: Iterable[TokenSigningKey], now: datetime) -> TokenSigningKey:
    waiting = next((row for row in rows if row.algorithm == algorithm), None)
    if waiting is None:
        return publish(algorithm, now=now, active_at=now)
    waiting.active_at = now
    waiting.save(update_fields=["active_at"])
    return waiting


def pair_of(row: TokenSigningKey) -> KeyPair | None:
    """Return the key pair of a row, or None if the row cannot be read, which is logged: that key does not count.

    What is published comes from the private key and not from the row, which somebody could have changed.
    """
    try:
        return _parsed(row.kid, row.private_key)
    except (DecryptionFailed, KeyRefused) as failure:
        logger.error("signing key %s cannot be read: %s", row.kid, type(failure).__name__)  # noqa: TRY400  # no traceback: it could show the key
        return None


@lru_cache(maxsize=MOST)
def _parsed(kid: str, encrypted: str) -> KeyPair:
    pair = pairs.read_pem(decrypt(encrypted, owner=kid, purpose=PURPOSE))
    if pair.kid != kid:
        raise KeyRefused("has another thumbprint")
    return pair


def forget() -> None:
    """Remove the private keys from the memory of this process."""
    _parsed.cache_clear()
