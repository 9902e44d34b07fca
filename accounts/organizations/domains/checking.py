"""Check whether a domain's record is there, now or by schedule, and let it lapse if it is missing for too long.

Every check may happen twice: what it found is written under a lock of the row, and repeats change nothing.
"""

import logging
import time
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Domain, DomainFinding
from accounts.organizations.domains import lapsing
from accounts.organizations.domains.refusing import DomainRefusalReason, DomainRefused
from accounts.sign_in import rate_limits
from accounts.sign_in.rate_limits import Limit
from audit.context import Actor, ActorKind
from audit.events import Event, record
from foundation.clocks import due_rows
from foundation.txt_records import NotLookedUp, txt_records
from tenancy import site_context, tenant_context

logger = logging.getLogger(__name__)

ACTOR = Actor(ActorKind.JOB, "domains")
OFTEN = timedelta(minutes=5)  # between the checks of a new claim
HOURLY = timedelta(hours=1)  # where the DNS does not answer, or an owned domain's record is missing
DAILY = timedelta(days=1)  # of an owned domain
WATCHED = timedelta(days=3)  # after its claim; then a domain is checked when somebody asks for it
UNDER_WAY = timedelta(minutes=10)  # while a run checks a domain; if it was killed, another one does it then
NOW = Limit(kind="domain_checks", most=10, seconds=600)  # that somebody asks for, of one domain


def check(domain: Domain) -> Domain | None:
    """Check a domain because somebody asks for it, which is limited, and return it as it is then; None if it is gone.

    Takes up to five seconds. Raises DomainRefused.
    """
    if not rate_limits.count(NOW.kind, str(domain.pk), limit=NOW.most, seconds=NOW.seconds):
        raise DomainRefused(DomainRefusalReason.TOO_OFTEN, domain)
    finding = _look_up(domain)
    with tenant_context(domain.tenant_id):
        return _note(domain.pk, finding)


def check_due(*, seconds: float) -> None:
    """Check the domains that are due, for at most so many seconds. No transaction is open while the DNS is asked."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and (domain := _take_due()):
        finding = _look_up(domain)
        with tenant_context(domain.tenant_id, actor=ACTOR):
            _note(domain.pk, finding)


def _take_due() -> Domain | None:
    """Return the domain that has been due longest, and have other runs pass it by."""
    with site_context("the domains that are due to be checked"):
        due = Domain.objects.filter(due_rows("next_check_at", longest=DAILY)).order_by("next_check_at")
        domain = due.select_for_update(skip_locked=True).first()
        if domain:
            Domain.objects.filter(pk=domain.pk).update(next_check_at=timezone.now() + UNDER_WAY)
    return domain


def _look_up(domain: Domain) -> DomainFinding:
    """Only the exact text counts."""
    try:
        texts = txt_records(domain.record_name, resolvers=settings.DNS_RESOLVERS)
    except NotLookedUp as failed:
        logger.warning("the DNS did not answer about a domain: %s", failed, extra={"domain": domain.name})
        return DomainFinding.UNKNOWN
    return DomainFinding.PRESENT if domain.record_text.encode() in texts else DomainFinding.ABSENT


def _note(domain_id: UUID, finding: DomainFinding) -> Domain | None:
    """Write down what a check found. Return the domain, or None if it was released meanwhile."""
    domain = Domain.objects.select_for_update().select_related("tenant").filter(pk=domain_id).first()
    if domain is None:
        return None
    now = timezone.now()
    if finding is DomainFinding.PRESENT:
        finding = _own(domain, now)
    elif domain.owned_since:
        lapsing.fail(domain, finding, now)
    domain.finding, domain.checked_at, domain.next_check_at = finding, now, _next_check(domain, finding, now)
    domain.save()
    return domain


def _own(domain: Domain, now: datetime) -> DomainFinding:
    """Make the tenant the owner of the domain, unless another one is. The database decides between two."""
    domain.failing_since = domain.lapses_at = None
    if domain.owned_since:
        return DomainFinding.PRESENT
    try:
        with transaction.atomic():
            Domain.objects.filter(pk=domain.pk).update(owned_since=now)
    except IntegrityError:
        if domain.finding != DomainFinding.TAKEN:
            record(Event.DOMAIN_REFUSED, object=domain, reason=DomainRefusalReason.OWNED_ELSEWHERE.value)
        return DomainFinding.TAKEN
    domain.owned_since = now
    record(Event.DOMAIN_OWNED, object=domain, domain=domain.name)
    return DomainFinding.PRESENT


def _next_check(domain: Domain, finding: DomainFinding, now: datetime) -> datetime | None:
    if domain.owned_since:
        return now + (HOURLY if domain.failing_since else DAILY)
    if now - domain.claimed_at > WATCHED:
        return None
    return now + (OFTEN if finding is DomainFinding.ABSENT else HOURLY)
