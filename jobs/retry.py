"""The retry engine: back-off, leases, giving up, and the health of the systems that we call (ADR 45).

Deferred tasks, webhooks, revocation at providers, refresh of their tokens and bulk actions use it. A model inherits
``Retryable``, ``Leased`` or ``Peer``. The module that works on its rows defines one ``RetryPolicy`` and one ``Lease``.
Where rows are changed by SQL, the parts of the statements come from here too.

A stored moment further ahead than the longest wait was written by a wrong clock and counts as past
(``foundation.clocks``). Querysets use the clock of this process, SQL statements that of the database.
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

JITTER = (0.8, 1.2)  # factors of a delay, for policies whose rows may wait for the same peer
HEALTH = ("failures", "failing_since", "paused_until")  # the columns that the methods of Peer change
WAITING = Q(next_attempt_at__isnull=False)  # rows that will be attempted again

# Parts of SQL statements. They take the parameters of ``Lease.given`` and ``RetryPolicy.given``.
IS_DUE = "next_attempt_at NOT BETWEEN statement_timestamp() AND statement_timestamp() + %(longest_wait)s"
IS_LEASED = """
    coalesce(leased_until BETWEEN statement_timestamp() AND statement_timestamp() + %(longest_lease)s, false)
"""
TAKE_LEASE = "leased_until = statement_timestamp() + %(lease)s"
END_LEASE = "leased_until = NULL"
NOTE_FAILING = "failing_since = least(failing_since, statement_timestamp())"
NOTE_FAILURE = f"""
    failures = failures + 1, {NOTE_FAILING}, paused_until = statement_timestamp()
        + (%(delays)s::interval[])[least(failures + 1, cardinality(%(delays)s::interval[]))]
"""
NOTE_SUCCESS = "failures = 0, failing_since = NULL, paused_until = NULL"


def doubling(first: timedelta, longest: timedelta) -> tuple[timedelta, ...]:
    """Return delays that start with ``first``, double each time, and end with ``longest``."""
    delays = [first]
    while delays[-1] * 2 < longest:
        delays.append(delays[-1] * 2)
    return (*delays, longest)


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How long to wait after each failure, and when to give up.

    ``delays`` are the waits after the first failure, the second and so on; the last one repeats. Each is multiplied by
    a random factor from ``jitter``. ``longest_asked`` is the longest delay that a peer may ask for. A row is given up
    after ``max_attempts`` failures or when it is older than ``max_age``; None means no limit.

    Raises ValueError if delays or factors are not positive.
    """

    delays: tuple[timedelta, ...]
    jitter: tuple[float, float] = (1.0, 1.0)
    longest_asked: timedelta = timedelta(0)
    max_attempts: int | None = None
    max_age: timedelta | None = None

    def __post_init__(self) -> None:
        if not self.delays or min(self.delays) <= timedelta(0) or not 0 < self.jitter[0] <= self.jitter[1]:
            raise ValueError(f"delays and jitter must be positive: {self.delays}, {self.jitter}")

    @property
    def longest(self) -> timedelta:
        """The longest wait that this policy writes into a row."""
        return max(*self.delays, self.longest_asked) * self.jitter[1]

    def delay(self, failures: int, *, asked: timedelta | None = None) -> timedelta:
        """Return the wait after this many failures (1 or more), or the one that the peer asks for if that is longer.

        Jitter never shortens the wait that a peer asks for.
        """
        factor = self._factor()
        own = self.delays[min(failures, len(self.delays)) - 1] * factor
        return max(own, asked * max(factor, 1.0)) if asked else own

    def gives_up(self, *, attempts: int = 0, since: datetime | None = None) -> bool:
        """Return whether to give up a row after so many attempts, or one that has waited or failed since then."""
        is_last = self.max_attempts is not None and attempts >= self.max_attempts
        is_old = self.max_age is not None and since is not None and timezone.now() - since > self.max_age
        return is_last or is_old

    def too_old(self, column: str) -> Q:
        """Select the rows to be given up because of their age, counted from this column; none without ``max_age``."""
        return Q(pk__in=[]) if self.max_age is None else Q(**{f"{column}__lt": timezone.now() - self.max_age})

    def waits(self, until: datetime | None, *, now: datetime | None = None) -> bool:
        """Return whether a moment that this policy computed is still ahead. None means that there is no wait."""
        return until is not None and not is_due(until, longest=self.longest, now=now)

    def due(self) -> Q:
        """Select the rows to be attempted now."""
        return due_rows("next_attempt_at", longest=self.longest)

    def awake(self) -> Q:
        """Select the peers that may be called now."""
        return Q(paused_until=None) | due_rows("paused_until", longest=self.longest)

    def given(self) -> dict[str, Any]:
        """Return the parameters of ``IS_DUE`` and ``NOTE_FAILURE``."""
        factor = self._factor()
        return {"longest_wait": self.longest + LEEWAY, "delays": [delay * factor for delay in self.delays]}

    def _factor(self) -> float:
        return random.uniform(*self.jitter)  # noqa: S311  # nobody gains by guessing it


@dataclass(frozen=True)
class Lease:
    """How long one worker holds a row: longer than its work takes. After that the row of a killed worker is free."""

    lasts: timedelta

    def until(self) -> datetime:
        """Return the end of a lease that starts now."""
        return timezone.now() + self.lasts

    def free(self) -> Q:
        """Select the rows that no worker holds."""
        return Q(leased_until=None) | due_rows("leased_until", longest=self.lasts)

    def given(self) -> dict[str, Any]:
        """Return the parameters of ``IS_LEASED`` and ``TAKE_LEASE``."""
        return {"lease": self.lasts, "longest_lease": self.lasts + LEEWAY}


class Retryable(models.Model):
    """A row that is attempted until it succeeds or is given up. Without ``next_attempt_at`` it is not attempted."""

    attempts = models.PositiveIntegerField(_("attempts"), default=0, db_default=0)
    next_attempt_at = models.DateTimeField(_("next attempt"), null=True, db_default=Now())
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        abstract = True

    def begin_attempt(self, policy: RetryPolicy) -> None:
        """Count an attempt before it starts, so that one that kills its worker is not repeated at once.

        Call it while no other worker has the row. A ``created_at`` in the future is set to now, because the age at
        which the row is given up is counted from it.
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
    """Another system that we call, with its health: its failures in a row, since when, and when to call it again."""

    failures = models.PositiveIntegerField(_("failures in a row"), default=0, db_default=0, editable=False)
    failing_since = models.DateTimeField(_("failing since"), null=True, editable=False)
    paused_until = models.DateTimeField(_("paused until"), null=True, editable=False)

    class Meta:
        abstract = True

    def note_failure(self) -> None:
        """Count a failure. The caller saves, and calls ``rest`` if the peer should not be called for a while."""
        now = timezone.now()
        self.failures += 1
        self.failing_since = min(self.failing_since or now, now)

    def rest(self, policy: RetryPolicy, *, asked: timedelta | None = None) -> None:
        """Stop calling the peer for a time that depends on its failures in a row, or that it asks for.

        The caller saves.
        """
        self.paused_until = timezone.now() + policy.delay(self.failures, asked=asked)

    def note_success(self) -> None:
        """Reset the failures. The caller saves."""
        self.failures, self.failing_since, self.paused_until = 0, None, None


def wake(rows: "models.QuerySet[Any]") -> None:
    """Make rows due now that wait for a peer, because the peer works again."""
    rows.filter(next_attempt_at__gt=Now()).update(next_attempt_at=Now())


def claiming(table: str, *, among: str, returning: str) -> str:
    """Return the statement that claims the row that has been due longest, if there is one, and returns its columns.

    ``among`` is a condition on the rows. A row that another worker is claiming is skipped. ``attempts`` counts this
    attempt and is the claim's fencing token: see ``putting_off``.
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
    """Return the statement that ends a claim after a failure and makes the row due ``delay`` from now.

    ``noting`` names columns to be set to the parameters of the same names. The statement changes nothing if the row is
    done, or if ``attempts`` is not that of this claim: then the lease has expired and another worker has the row.
    """
    noted = "".join(f", {column} = %({column})s" for column in noting)
    return f"""
        UPDATE "{table}" SET
            next_attempt_at = statement_timestamp() + %(delay)s, {END_LEASE},
            created_at = least(created_at, statement_timestamp()){noted}
        WHERE id = %(id)s AND next_attempt_at IS NOT NULL AND attempts = %(attempts)s
    """
