"""The first authentication of a sign-in: passed along with it, and compared when its session is written (ADR 28)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.models import Session, User


@dataclass(frozen=True, kw_only=True)
class AuthenticationEvent:
    """The first authentication of a person. ``epoch`` is the person's epoch: read it before anything is verified.

    ``judged_at``, by the database's clock, is for authentications that reveal the person only afterwards
    (``StatementMoment.began``). ``upstream_sid`` is the ``sid`` of the provider's session.
    """

    person: UUID
    epoch: datetime | None
    provider: str = ""
    identity_id: int | None = None
    upstream_sid: str = ""
    judged_at: datetime | None = None

    @classmethod
    def of(cls, user: User) -> "AuthenticationEvent":
        """Return the event of a user whose row was read before the password, or anything else, was verified."""
        return cls(person=user.pk, epoch=user.sign_in_epoch)

    @classmethod
    def stored_in(cls, row: Session) -> "AuthenticationEvent":
        """Return the event of a sign-in whose row waits for the second factor."""
        assert row.waiting_for_id is not None  # noqa: S101  # only such rows are passed
        return cls(
            person=row.waiting_for_id,
            epoch=row.waiting_epoch,
            provider=row.provider,
            identity_id=row.waiting_identity_id,
            upstream_sid=row.upstream_sid,
        )
