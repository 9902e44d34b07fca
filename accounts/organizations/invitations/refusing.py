"""Why an invitation is refused, and how a refusal is recorded and logged."""

import logging
from enum import StrEnum
from typing import Any
from uuid import UUID

from accounts.models import Invitation, InvitationState, User
from audit.context import acting
from audit.events import Event, record

logger = logging.getLogger(__name__)


class InvitationRefusalReason(StrEnum):
    """Why an invitation is refused, for the trail and the log. Visitors see a page about it."""

    UNKNOWN = "unknown"
    EXPIRED = "expired"
    USED = "used"
    REVOKED = "revoked"
    FOREIGN_EMAIL = "foreign_email"
    UNVERIFIED_EMAIL = "unverified_email"
    INVITER_WITHOUT_RIGHT = "inviter_without_right"
    ROLE_ABOVE_INVITER = "role_above_inviter"
    TOO_MANY = "too_many"
    TOO_OFTEN = "too_often"
    NO_MAIL = "no_mail"


EXPIRED = {
    InvitationState.EXPIRED: InvitationRefusalReason.EXPIRED,
    InvitationState.ACCEPTED: InvitationRefusalReason.USED,
    InvitationState.REVOKED: InvitationRefusalReason.REVOKED,
}


class InvitationRefused(Exception):
    """An invitation that must not be sent or accepted. Nothing was written."""

    def __init__(self, reason: InvitationRefusalReason, invitation: Invitation | None = None) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.invitation = invitation


def record_refusal(
    refused: InvitationRefused, *, user: User | None = None, tenant_id: UUID | None = None, reference: str = ""
) -> None:
    """Record and log a refusal, after the rollback of what was refused.

    The entry about an unknown link belongs to no tenant, because the link proves nothing about any.
    """
    invitation = refused.invitation
    details: dict[str, Any] = {"reason": refused.reason.value}
    if reference:
        details["reference"] = reference
    with acting(tenant_id=invitation.tenant_id if invitation else tenant_id):
        record(Event.INVITATION_REFUSED, person=user, object=invitation, **details)
    logger.warning("invitation refused: reason=%s reference=%s", refused.reason.value, reference)
