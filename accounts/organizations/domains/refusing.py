"""Why an act on a domain is refused, and how a refusal is recorded and logged."""

import logging
from collections.abc import Mapping
from enum import StrEnum
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Domain
from audit.events import Event, record

logger = logging.getLogger(__name__)


class DomainRefusalReason(StrEnum):
    """Why an act on a domain is refused, for the trail and the log."""

    NOT_A_DOMAIN = "not_a_domain"
    MIXED_SCRIPTS = "mixed_scripts"
    TOO_LONG = "too_long"
    CLAIMED_ALREADY = "claimed_already"
    OWNED_ELSEWHERE = "owned_elsewhere"
    TOO_MANY = "too_many"
    TOO_OFTEN = "too_often"
    NOT_OWNED = "not_owned"
    FOREIGN_EMAIL = "foreign_email"
    WRONG_CODE = "wrong_code"
    NO_MAIL = "no_mail"
    GONE = "gone"


Reason = DomainRefusalReason
REFUSED: Mapping[DomainRefusalReason, str | Promise] = {
    Reason.NOT_A_DOMAIN: _(
        "This is no domain of e-mail addresses. Enter it as in an address, after the @: example.com. "
        "IP addresses, wildcards and names of one word are not accepted."
    ),
    Reason.MIXED_SCRIPTS: _(
        "This name mixes letters of several alphabets that look alike. Type it again, with letters of one alphabet."
    ),
    Reason.TOO_LONG: _("This name is too long: the name of its record could not exist."),
    Reason.CLAIMED_ALREADY: _("Your organization has this domain already."),
    Reason.OWNED_ELSEWHERE: _(
        "Another organization owns this domain here. Nothing was changed. If it is yours, ask whoever runs this site."
    ),
    Reason.TOO_MANY: _("Your organization has as many domains as it may. Release one first."),
    Reason.TOO_OFTEN: _("This was done several times within a short time. Nothing was changed. Try again later."),
    Reason.NOT_OWNED: _("Only a domain that you own can lead people to a sign-in. Publish its record first."),
    Reason.FOREIGN_EMAIL: _("This is no address at the domain. No mail was sent."),
    Reason.WRONG_CODE: _(
        "This code is wrong, or it was used or has expired. Check the newest mail, or have another code sent."
    ),
    Reason.NO_MAIL: _("This site has no way to send mail yet: whoever runs it sets EMAIL_URL. Nothing was changed."),
    Reason.GONE: _("This domain was released meanwhile. Nothing was changed."),
}
"""What administrators read."""


class DomainRefused(Exception):
    """An act on a domain that must not be done. Nothing was written."""

    def __init__(self, reason: DomainRefusalReason, domain: Domain | None = None) -> None:
        super().__init__(str(reason))
        self.reason = reason
        self.domain = domain


def record_refusal(refused: DomainRefused, *, tenant_id: UUID | None = None) -> None:
    """Record and log a refusal, after the rollback of what was refused; without a tenant, for that of the context."""
    record(Event.DOMAIN_REFUSED, object=refused.domain, tenant_id=tenant_id, reason=refused.reason.value)
    logger.warning("an act on a domain was refused: reason=%s", refused.reason.value)
