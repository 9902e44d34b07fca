"""Let an owned domain lapse whose record is missing: its administrators are warned first, a week ahead (ADR 74)."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.urls import reverse

from accounts.mailing import mail
from accounts.models import Domain, DomainFinding, User
from audit.events import Event, record

NOTICE = timedelta(days=7)  # between the mail and the lapse
PATIENCE: Mapping[DomainFinding, timedelta] = {  # how long a domain may fail in this way before the mail
    DomainFinding.ABSENT: timedelta(days=1),
    DomainFinding.UNKNOWN: timedelta(days=14),
}


def fail(domain: Domain, finding: DomainFinding, now: datetime) -> None:
    """Note a failed check of an owned domain: warn its administrators, or let it lapse. The caller saves.

    Moments in the future were written while the clock was ahead. They count as now, and the notice begins again.
    """
    domain.failing_since = min(domain.failing_since or now, now)
    lasts = now - domain.failing_since
    if domain.lapses_at is None:
        if lasts >= PATIENCE[finding]:
            domain.lapses_at = now + NOTICE
            record(Event.DOMAIN_LAPSE_ANNOUNCED, object=domain, domain=domain.name, lapses_at=domain.lapses_at)
            _mail(domain, "domain_failing")
        return
    domain.lapses_at = min(domain.lapses_at, now + NOTICE)
    if now >= domain.lapses_at and lasts >= PATIENCE[finding] + NOTICE:
        domain.owned_since = domain.failing_since = domain.lapses_at = None
        domain.claimed_at = now  # so that it is checked often again for a while
        record(Event.DOMAIN_LAPSED, object=domain, domain=domain.name)
        _mail(domain, "domain_lapsed")


def _mail(domain: Domain, template: str) -> None:
    """Mail the people who may change the tenant's domains. The console shows it in any case."""
    if not mail.is_configured():
        return
    context = {
        "domain": domain.name,
        "organization": domain.tenant.name,
        "record_name": domain.record_name,
        "record_text": domain.record_text,
        "lapses_at": domain.lapses_at,
        "link": mail.absolute(reverse("admin:accounts_domain_change", args=[domain.pk])),
    }
    for person in _administrators(domain):
        if person.own_email and person.email:
            mail.send(person.email, template, context)


def _administrators(domain: Domain) -> list[User]:
    able = User.objects.filter(
        is_active=True,
        memberships__tenant=domain.tenant_id,
        memberships__role__permissions__codename="change_domain",
        memberships__role__permissions__content_type__app_label="accounts",
    )
    return list(able.order_by("pk"))
