"""What a sign-in was judged by: handed along with it, and compared where its session is written (ADR 28)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from accounts.models import Session, User


@dataclass(frozen=True, kw_only=True)
class AuthenticationEvent:
    """A first proof of a person. ``epoch`` is theirs when it was judged: read it before anything is judged.

    ``judged_at``, by the database's clock, is for proofs of which one learns only afterwards whose they are
    (``Asked.began``). ``upstream_sid`` is the provider's name for its own session.
    """

    person: UUID
    epoch: datetime | None
    provider: str = ""
    identity_id: int | None = None
    upstream_sid: str = ""
    judged_at: datetime | None = None

    @classmethod
    def of(cls, user: User) -> "AuthenticationEvent":
        """Return the proof of somebody whose row was read before their password, or whatever else, was judged."""
        return cls(person=user.pk, epoch=user.sign_in_epoch)

    @classmethod
    def stored_in(cls, row: Session) -> "AuthenticationEvent":
        """Return the proof that waits in a row for its second factor."""
        assert row.waiting_for_id is not None  # noqa: S101  # such rows only
        return cls(
            person=row.waiting_for_id,
            epoch=row.waiting_epoch,
            provider=row.provider,
            identity_id=row.waiting_identity_id,
            upstream_sid=row.upstream_sid,
        )
