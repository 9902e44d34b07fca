"""Affiliation: somebody types a code that was mailed to an address of the domain.

It serves the sign-up policy of the tenant's own connection. It never routes, and it verifies no address (ADR 74).
"""

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts.mailing import mail
from accounts.models import Domain, User
from accounts.organizations.domains.claiming import check_not_owned_elsewhere
from accounts.organizations.domains.refusing import DomainRefusalReason, DomainRefused
from accounts.sign_in import mailed_codes, rate_limits
from accounts.sign_in.mailed_codes import CodeRefused
from accounts.sign_in.rate_limits import Limit
from audit.events import Event, record
from foundation.canonical_email import NotAnEmail, canonical
from tenancy import tenant_context

ACT = "domain"  # the only one that these codes count for
BY_ACCOUNT = Limit(kind="domain_codes.account", most=10, seconds=3600)  # bounds guessing
BY_EMAIL = Limit(kind="domain_codes.email", most=3, seconds=86_400)  # bounds mails to people who did not ask for them


def send_code(request: HttpRequest, user: User, domain: Domain, email: str) -> None:
    """Mail a code to an address of the domain. It replaces an earlier one. Raises DomainRefused."""
    if not mail.is_configured():
        raise DomainRefused(DomainRefusalReason.NO_MAIL, domain)
    try:
        address = canonical(email.strip())
    except NotAnEmail:
        raise DomainRefused(DomainRefusalReason.FOREIGN_EMAIL, domain) from None
    if address.rpartition("@")[2] != domain.name:
        raise DomainRefused(DomainRefusalReason.FOREIGN_EMAIL, domain)
    check_not_owned_elsewhere(domain.name, domain.tenant_id, domain)
    for limit, key in ((BY_ACCOUNT, str(user.pk)), (BY_EMAIL, address)):
        if not rate_limits.count(limit.kind, key, limit=limit.most, seconds=limit.seconds):
            raise DomainRefused(DomainRefusalReason.TOO_OFTEN, domain)
    with transaction.atomic():
        code = mailed_codes.issue(request, user, ACT, bound_to=_binding(domain))
        mail.send(address, "domain_code", {"code": code, "domain": domain.name, "organization": domain.tenant.name})
        record(Event.DOMAIN_CODE_SENT, object=domain, person=user, personal={"email": address}, domain=domain.name)


def is_code_waiting(request: HttpRequest, user: User) -> bool:
    """Whether a code that was mailed from this session can still be used, for whatever domain."""
    return mailed_codes.is_waiting(request, user, ACT)


@sensitive_variables("typed")
def confirm(request: HttpRequest, user: User, domain: Domain, typed: str) -> None:
    """Record the tenant's affiliation with the domain, by the code that was mailed for it. Raises DomainRefused."""
    check_not_owned_elsewhere(domain.name, domain.tenant_id, domain)
    try:
        mailed_codes.use_up(request, user, ACT, typed, bound_to=_binding(domain))
    except CodeRefused as refused:
        if refused.tries:
            record(Event.DOMAIN_CODE_REFUSED, object=domain, person=user, domain=domain.name, tries=refused.tries)
        raise DomainRefused(DomainRefusalReason.WRONG_CODE, domain) from None
    with tenant_context(domain.tenant_id):
        if not Domain.objects.filter(pk=domain.pk).update(affiliated_at=timezone.now()):
            raise DomainRefused(DomainRefusalReason.GONE)
        record(Event.DOMAIN_AFFILIATED, object=domain, person=user, domain=domain.name)


def _binding(domain: Domain) -> str:
    return f"domain {domain.pk}"
