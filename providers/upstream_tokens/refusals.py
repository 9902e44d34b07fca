"""Why an upstream token is refused. The reason is for the trail and the log, never for whoever sent the token."""

from enum import StrEnum
from uuid import UUID

from providers.refusal import RefusalReason, SignInRefused


class UpstreamTokenRefusal(StrEnum):
    """The reasons beside those of ``RefusalReason``, which the verification of a token gives."""

    ISSUER_UNKNOWN = "upstream_issuer_unknown"
    ISSUER_INACTIVE = "upstream_issuer_inactive"
    KIND_WRONG = "upstream_token_of_another_kind"
    SENDER_CONSTRAINED = "upstream_token_sender_constrained"
    OF_A_PROGRAM = "upstream_token_of_a_program"
    PERSON_UNKNOWN = "upstream_person_unknown"
    PERSON_INACTIVE = "upstream_person_inactive"
    CUT_OFF = "upstream_token_cut_off"
    NOT_A_MEMBER = "upstream_person_not_a_member"


OUTAGES = frozenset(
    {
        RefusalReason.METADATA_INVALID,
        RefusalReason.PROVIDER_ANSWER_INVALID,
        RefusalReason.PROVIDER_BUSY,
        RefusalReason.PROVIDER_UNREACHABLE,
        RefusalReason.PROVIDER_NOT_PUBLIC,
    }
)


class UpstreamTokenRefused(Exception):
    """An upstream token that gives no access.

    ``reason`` is a value of ``UpstreamTokenRefusal`` or of ``RefusalReason``. ``detail`` is our own text for
    administrators. ``person`` is the account, if the token was verified and leads to one. ``is_outage`` means that the
    token could not be judged because its issuer did not answer: the caller should be told to try again. With
    ``is_recorded`` the trail has an entry already, under ``reference``.
    """

    def __init__(
        self,
        reason: str,
        detail: str = "",
        *,
        person: UUID | None = None,
        reference: str = "",
        is_recorded: bool = False,
    ) -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail
        self.person = person
        self.reference = reference
        self.is_recorded = is_recorded

    @property
    def is_outage(self) -> bool:
        return self.reason in OUTAGES

    @classmethod
    def of(cls, refused: SignInRefused, *, is_recorded: bool = False) -> "UpstreamTokenRefused":
        """Return the refusal for what the verification or the linking function has refused."""
        return cls(
            refused.reason.value,
            refused.detail,
            person=refused.person,
            reference=refused.reference if is_recorded else "",
            is_recorded=is_recorded,
        )
