"""What a sign-in was judged by: handed along with it, and compared where its session is written (ADR 28)."""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from accounts.models import Session, User
from accounts.rows import fetch_one


@dataclass(frozen=True)
class Began:
    """When something began to be judged, by this machine's clocks: what ends from then on counts."""

    monotonic: float
    wall: float

    @classmethod
    def now(cls) -> "Began":
        return cls(time.monotonic(), time.time())

    def by_database(self, asked_at: datetime | None = None) -> datetime:
        """Return this moment by the database's clock, or a little earlier: never later, however busy the machine is.

        ``asked_at`` is when a statement since then was asked, by the database's clock; without one it is asked now.
        Of the spans by our two clocks the longer counts: one stands still while a machine is paused, the other jumps.
        """
        if asked_at is None:
            row = fetch_one("SELECT statement_timestamp()", [])
            assert row is not None  # noqa: S101  # it has no condition
            asked_at = row[0]
        return asked_at - timedelta(seconds=max(time.monotonic() - self.monotonic, time.time() - self.wall))


@dataclass(frozen=True, kw_only=True)
class Proof:
    """A first proof of a person. ``epoch`` is theirs when it was judged: read it before anything is judged.

    ``judged_at``, by the database's clock, is for proofs of which one learns only afterwards whose they are
    (``Began.by_database``). ``upstream_sid`` is the provider's name for its own session.
    """

    person: UUID
    epoch: datetime | None
    provider: str = ""
    identity_id: int | None = None
    upstream_sid: str = ""
    judged_at: datetime | None = None

    @classmethod
    def of(cls, user: User) -> "Proof":
        """Return the proof of somebody whose row was read before their password, or whatever else, was judged."""
        return cls(person=user.pk, epoch=user.sign_in_epoch)

    @classmethod
    def kept_in(cls, row: Session) -> "Proof":
        """Return the proof that waits in a row for its second factor."""
        assert row.waiting_for_id is not None  # noqa: S101  # such rows only
        return cls(
            person=row.waiting_for_id,
            epoch=row.waiting_epoch,
            provider=row.provider,
            identity_id=row.waiting_identity_id,
            upstream_sid=row.upstream_sid,
        )
