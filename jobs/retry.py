"""Retrying: when a row is attempted next, who holds it meanwhile, when it is given up, and how a peer is (ADR 45).

Deferred tasks, webhooks, revocation at providers, renewal of their tokens and bulk actions use it. A model inherits
``Retryable``, ``Leased`` or ``Peer``; the module that works on its rows names a ``RetryPolicy`` and a ``Lease`` once.
Where rows are changed by SQL, the parts of the statements come from here too.

A stored moment that lies further ahead than the longest wait was written by a wrong clock and counts as come
(``foundation.clocks``). Querysets judge by the clock of this process, statements by the database's.
"""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from foundation.clocks import LEEWAY, due_rows, is_due

JITTER = (0.8, 1.2)  # of a delay, where many rows may wait for the same peer
HEALTH = ("failures", "failing_since", "rest_until")  # the columns that the methods of Peer change
WAITING = Q(next_attempt_at__isnull=False)  # rows that are attempted again by themselves

# Parts of statements. They take the parameters of ``Lease.given`` and ``RetryPolicy.given``.
IS_DUE = "next_attempt_at NOT BETWEEN statement_timestamp() AND statement_timestamp() + %(longest_wait)s"
IS_LEASED = """
    coalesce(leased_until BETWEEN statement_timestamp() AND statement_timestamp() + %(longest_lease)s, false)
"""
TAKE_LEASE = "leased_until = statement_timestamp() + %(lease)s"
END_LEASE = "leased_until = NULL"
NOTE_FAILING = "failing_since = least(failing_since, statement_timestamp())"
NOTE_FAILURE = f"""
    failures = failures + 1, {NOTE_FAILING}, rest_until = statement_timestamp()
        + (%(delays)s::interval[])[least(failures + 1, cardinality(%(delays)s::interval[]))]
"""
NOTE_SUCCESS = "failures = 0, failing_since = NULL, rest_until = NULL"


def doubling(first: timedelta, longest: timedelta) -> tuple[timedelta, ...]:
    """Return delays that begin with ``first``, double each time, and end with ``longest``."""
    delays = [first]
    while delays[-1] * 2 < longest:
        delays.append(delays[-1] * 2)
    return (*delays, longest)


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How long to wait after each failure, and when to give up.

    ``delays`` are the waits after the first failure, the second and so on; the last one repeats. Each is multiplied by
    a random factor from ``jitter``. ``longest_asked`` is the longest delay that a peer may ask for. A row is given up
    after ``max_attempts`` failures or beyond ``max_age``; None means that this ends nothing.

    Raises ValueError for delays or factors that are not positive.
    """

    delays: tuple[timedelta, ...]
    jitter: tuple[float, float] = (1.0, 1.0)
    longest_asked: timedelta = timedelta(0)
    max_attempts: int | None = None
    max_age: timedelta | None = None

    def __post_init__(self) -> None:
        if not self.delays or min(self.delays) <= timedelta(0) or not 0 < self.jitter[0] <= self.jitter[1]:
            raise ValueError(f"not a policy: {self.delays}, {self.jitter}")

    @property
    def longest(self) -> timedelta:
        """The longest wait that this policy writes into a row."""
        return max(*self.delays, self.longest_asked) * self.jitter[1]

    def delay(self, failures: int, *, asked: timedelta | None = None) -> timedelta:
        """Return the wait after this many failures (1 or more), or what the peer asks for where that is longer.

        What a peer asks for is never cut short.
        """
        factor = self._factor()
        own = self.delays[min(failures, len(self.delays)) - 1] * factor
        return max(own, asked * max(factor, 1.0)) if asked else own

    def gives_up(self, *, attempts: int = 0, since: datetime | None = None) -> bool:
        """Return whether a row with so many attempts, waiting or failing since then, is not attempted again."""
        is_last = self.max_attempts is not None and attempts >= self.max_attempts
        is_old = self.max_age is not None and since is not None and timezone.now() - since > self.max_age
        return is_last or is_old

    def too_old(self, column: str) -> Q:
        """Select the rows that are given up for their age, counted from this column; none without ``max_age``."""
        return Q(pk__in=[]) if self.max_age is None else Q(**{f"{column}__lt": timezone.now() - self.max_age})

    def waits(self, until: datetime | None, *, now: datetime | None = None) -> bool:
        """Return whether a moment that this policy wrote is still ahead. Without a moment there is no wait."""
        return until is not None and not is_due(until, longest=self.longest, now=now)

    def due(self) -> Q:
        """Select the rows to be attempted now."""
        return due_rows("next_attempt_at", longest=self.longest)

    def awake(self) -> Q:
        """Select the peers that do not rest."""
        return Q(rest_until=None) | due_rows("rest_until", longest=self.longest)

    def given(self) -> dict[str, Any]:
        """Return the parameters of ``IS_DUE`` and ``NOTE_FAILURE``."""
        factor = self._factor()
        return {"longest_wait": self.longest + LEEWAY, "delays": [delay * factor for delay in self.delays]}

    def _factor(self) -> float:
        return random.uniform(*self.jitter)  # noqa: S311  # nobody gains by guessing it


@dataclass(frozen=True)
class Lease:
    """How long one worker has a row to itself: longer than its work takes. The row of a killed worker is then free."""

    lasts: timedelta

    def until(self) -> datetime:
        """Return the end of a lease that begins now."""
        return timezone.now() + self.lasts

    def free(self) -> Q:
        """Select the rows that no worker holds."""
        return Q(leased_until=None) | due_rows("leased_until", longest=self.lasts)

    def given(self) -> dict[str, Any]:
        """Return the parameters of ``IS_LEASED`` and ``TAKE_LEASE``."""
        return {"lease": self.lasts, "longest_lease": self.lasts + LEEWAY}


class Retryable(models.Model):
    """A row that is attempted until it succeeds or is given up. Without ``next_attempt_at`` nobody attempts it."""

    attempts = models.PositiveIntegerField(_("tries"), default=0, db_default=0)
    next_attempt_at = models.DateTimeField(_("next try"), null=True, db_default=Now())
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True

    def begin_attempt(self, policy: RetryPolicy) -> None:
        """Count an attempt before it begins, so that one that kills its worker is not repeated at once.

        Call it while nobody else has the row. A ``created_at`` that lies ahead is set to now: the age at which the row
        is given up counts from here.
        """
        now = timezone.now()
        self.attempts += 1
        self.next_attempt_at = now + policy.delay(self.attempts)
        self.created_at = min(self.created_at, now)
        self.save(update_fields=["attempts", "next_attempt_at", "created_at"])


class Leased(models.Model):
    """A row that one worker holds at a time, until ``leased_until`` at the latest."""

    leased_until = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True


class Peer(models.Model):
    """Another system that we call, and how it is: its failures in a row, since when, and how long it is left alone."""

    failures = models.PositiveIntegerField(_("failures in a row"), default=0, db_default=0, editable=False)
    failing_since = models.DateTimeField(_("failing since"), null=True, editable=False)
    rest_until = models.DateTimeField(_("left alone until"), null=True, editable=False)

    class Meta:
        abstract = True

    def note_failure(self) -> None:
        """Count a failure; the caller saves. Whether the peer rests for it is another question (``rest``)."""
        now = timezone.now()
        self.failures += 1
        self.failing_since = min(self.failing_since or now, now)

    def rest(self, policy: RetryPolicy, *, asked: timedelta | None = None) -> None:
        """Leave the peer alone for as long as its failures in a row say, or as it asks; the caller saves."""
        self.rest_until = timezone.now() + policy.delay(self.failures, asked=asked)

    def note_success(self) -> None:
        """Forget all failures; the caller saves."""
        self.failures, self.failing_since, self.rest_until = 0, None, None


def wake(rows: "models.QuerySet[Any]") -> None:
    """Let rows that wait for a peer be attempted now: it is well again."""
    rows.filter(next_attempt_at__gt=Now()).update(next_attempt_at=Now())


def claiming(table: str, *, among: str, returning: str) -> str:
    """Write the statement that claims the row that has been due longest, at most one, and returns its columns.

    ``among`` is a condition on the rows. A row that another worker claims at this moment is skipped. ``attempts``
    counts this attempt and is the claim's fencing token: see ``putting_off``.
    """
    return f"""
        UPDATE "{table}" SET {TAKE_LEASE}, attempts = attempts + 1
        WHERE id = (
            SELECT id FROM "{table}" WHERE {IS_DUE} AND NOT {IS_LEASED} AND {among}
            ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED
        )
        RETURNING {returning}
    """


def putting_off(table: str, *, noting: Iterable[str]) -> str:
    """Write the statement that ends a claim after a failure, until ``delay`` from now.

    ``noting`` are columns to be set to parameters of their names. It changes nothing where the row is over, or where
    ``attempts`` is not that of this claim: then the lease ran out and another worker has the row.
    """
    noted = "".join(f", {column} = %({column})s" for column in noting)
    return f"""
        UPDATE "{table}" SET
            next_attempt_at = statement_timestamp() + %(delay)s, {END_LEASE},
            created_at = least(created_at, statement_timestamp()){noted}
        WHERE id = %(id)s AND next_attempt_at IS NOT NULL AND attempts = %(attempts)s
    """
