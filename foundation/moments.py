"""Moments in this process, converted to the database's clock, which timestamps what they are compared with (ADR 28)."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from foundation.rows import fetch_one


@dataclass(frozen=True)
class Moment:
    """A moment by both clocks of this machine, in seconds.

    The monotonic clock may stop while the machine is suspended. The wall clock may be set.
    """

    monotonic: float
    wall: float

    @classmethod
    def now(cls) -> Self:
        return cls(time.monotonic(), time.time())

    def since(self, earlier: "Moment") -> timedelta:
        """Return the time since an earlier moment, by whichever clock shows more."""
        return timedelta(seconds=max(self.monotonic - earlier.monotonic, self.wall - earlier.wall))


@dataclass(frozen=True)
class StatementMoment:
    """When the database received a statement, by its clock, and our moments just before and after it."""

    before: Moment
    noted_at: datetime
    after: Moment

    @classmethod
    def now(cls) -> Self:
        before, row = Moment.now(), fetch_one("SELECT statement_timestamp()", [])
        assert row is not None  # noqa: S101  # it has no condition
        return cls(before, row[0], Moment.now())

    def began(self, judging: Moment) -> datetime:
        """Return when the judgement before this statement began, by the database's clock. ``judging`` is our moment.

        On a busy machine the statement may take any time to arrive. Its round trip is subtracted, so that an act after
        the beginning of the judgement never counts as one before it. At most half of the judgement's duration is
        subtracted, so that nobody is refused who began to sign in after the act.
        """
        judged = self.before.since(judging)
        return self.noted_at - judged - min(self.after.since(self.before), judged / 2)
