"""When something happened here, by the database's clock: what is compared there was noted by that one (ADR 28)."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

from foundation.rows import fetch_one


@dataclass(frozen=True)
class Moment:
    """A moment by both clocks of this machine, in seconds: one stands still while it is paused, the other is set."""

    monotonic: float
    wall: float

    @classmethod
    def now(cls) -> Self:
        return cls(time.monotonic(), time.time())

    def since(self, earlier: "Moment") -> timedelta:
        """Return how long after another moment this one came: by the clock that says more."""
        return timedelta(seconds=max(self.monotonic - earlier.monotonic, self.wall - earlier.wall))


@dataclass(frozen=True)
class StatementMoment:
    """A statement whose arrival the database noted: between these two moments of ours."""

    before: Moment
    noted_at: datetime
    after: Moment

    @classmethod
    def now(cls) -> Self:
        before, row = Moment.now(), fetch_one("SELECT statement_timestamp()", [])
        assert row is not None  # noqa: S101  # it has no condition
        return cls(before, row[0], Moment.now())

    def began(self, judging: Moment) -> datetime:
        """Return when the judging that led to this statement began, by the database's clock.

        A statement may be under way for as long as a busy machine likes. That much earlier is said, so that an act
        after the judging is never taken for one before it; but by half of the judging at most, which costs nobody a
        sign-in who began after the act.
        """
        judged = self.before.since(judging)
        return self.noted_at - judged - min(self.after.since(self.before), judged / 2)
