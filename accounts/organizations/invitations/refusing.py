"""Why an invitation is refused, and how a refusal is recorded and logged."""

import logging
from collections.abc import Mapping
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Invitation, InvitationState, User
from accounts.organizations import delegation
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


REFUSED: Mapping[InvitationRefusalReason, str | Promise] = {
    InvitationRefusalReason.UNKNOWN: _("This invitation is gone. Nothing was changed."),
    InvitationRefusalReason.USED: _("This invitation was accepted meanwhile. Nothing was changed."),
    InvitationRefusalReason.REVOKED: _("This invitation was revoked meanwhile. Nothing was changed."),
    InvitationRefusalReason.INVITER_WITHOUT_RIGHT: _("You may not invite anybody there. Nothing was changed."),
    InvitationRefusalReason.ROLE_ABOVE_INVITER: delegation.ABOVE,
    InvitationRefusalReason.TOO_MANY: _(
        "This tenant has sent as many invitations as it may in a day. Try again tomorrow."
    ),
    InvitationRefusalReason.TOO_OFTEN: _("This invitation was sent several times within the hour. Try again later."),
    InvitationRefusalReason.NO_MAIL: _(
        "This site has no way to send mail yet: whoever runs it sets EMAIL_URL. Nothing was changed."
    ),
}
"""What administrators are told. The reasons that are missing are for people who accept."""


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
