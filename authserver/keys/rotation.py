"""Key rotation: a new key is published, waits, signs, and stays published until its tokens have expired (ADR 51)."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from audit.events import record
from authserver import events
from authserver.keys import ring, stored
from authserver.models.signing_key import SigningAlgorithm, TokenSigningKey
from foundation import lifetimes
from foundation.clocks import is_older


class RotationRefused(Exception):
    """The keys cannot be changed here; the text says why."""


@dataclass(frozen=True, kw_only=True)
class RotatedKeys:
    """What a rotation changed: the keys that it published, and those that it retired."""

    published: list[TokenSigningKey]
    retired: list[TokenSigningKey]


@dataclass(frozen=True, kw_only=True)
class WithdrawnKey:
    """A withdrawn key, with the keys that sign in its place from now on."""

    key: TokenSigningKey
    successors: list[TokenSigningKey]


def rotate(*, only_due: bool = False) -> RotatedKeys:
    """Publish a successor of every signing key, or only of those that are due, and retire what has served.

    A key that waits already is the successor, and one that begins to sign now needs none. Raises RotationRefused.
    """
    with _change() as now:
        first = stored.fill_gaps(now)
        successors = [
            stored.publish(algorithm, now=now, active_at=now + lifetimes.KEY_ANNOUNCED)
            for algorithm in _without_successor(now, only_due=only_due)
            if algorithm not in {row.algorithm for row in first}
        ]
        return RotatedKeys(published=[*first, *successors], retired=_retire(now))


def withdraw(kid: str) -> WithdrawnKey:
    """Withdraw a key that leaked: nothing that it signed counts any more, and another key signs at once.

    Withdrawing it again changes nothing. Raises RotationRefused.
    """
    with _change() as now:
        row = TokenSigningKey.objects.filter(kid=kid).first()
        if row is None:
            raise RotationRefused("There is no signing key with this ID.")
        if row.is_withdrawn:
            return WithdrawnKey(key=row, successors=[])
        row.is_withdrawn = True
        _remove(row, row.removed_at or now)
        record(events.SIGNING_KEY_WITHDRAWN, object=row, kid=row.kid, algorithm=row.algorithm)
        return WithdrawnKey(key=row, successors=stored.fill_gaps(now))


@contextmanager
def _change() -> Iterator[datetime]:
    if settings.OIDC_SIGNING_KEYS:
        raise RotationRefused("The signing keys come from OIDC_SIGNING_KEYS: change them there.")
    with stored.one_change() as now:
        yield now
    ring.forget()


def _without_successor(now: datetime, *, only_due: bool) -> list[SigningAlgorithm]:
    """Return the algorithms whose key is to be replaced, and for which no key waits."""
    rows = sorted(stored.published(), key=stored.precedence(now))
    waiting = {row.algorithm for row in rows if not stored.is_active(row, now)}
    signing = {row.algorithm: row for row in rows if stored.is_active(row, now)}  # the last one stays
    return [
        algorithm
        for algorithm in SigningAlgorithm
        if algorithm not in waiting
        and (row := signing.get(algorithm))
        and (not only_due or is_older(row.active_at, lifetimes.KEY_ROTATION, now=now))
    ]


def _retire(now: datetime) -> list[TokenSigningKey]:
    """Retire the keys whose tokens have all expired, since another key has signed for long enough."""
    rows = [row for row in stored.published() if stored.is_active(row, now)]
    due = [
        row
        for row in rows
        if (since := _replaced_at(row, rows, now)) is not None and now - since > lifetimes.KEY_OVERLAP
    ]
    for row in due:
        _remove(row, now)
        record(events.SIGNING_KEY_RETIRED, object=row, kid=row.kid, algorithm=row.algorithm)
    return due


def _replaced_at(row: TokenSigningKey, rows: list[TokenSigningKey], now: datetime) -> datetime | None:
    """Return since when another key has signed instead of this one. A moment in the future says nothing."""
    order = stored.precedence(now)
    before_it = (other for other in rows if other.algorithm == row.algorithm and order(other) > order(row))
    return min((other.active_at for other in before_it if other.active_at <= now), default=None)


def _remove(row: TokenSigningKey, at: datetime) -> None:
    """Remove a key. Its private part is deleted: nothing is ever signed with it again."""
    row.removed_at, row.private_key = at, ""
    row.save(update_fields=["removed_at", "private_key", "is_withdrawn"])
