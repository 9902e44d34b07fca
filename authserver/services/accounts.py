"""The acts on service accounts. All changes go through these functions, and the trail records them."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from authserver.models import ServiceAccount
from authserver.services.rights import ClientRights
from foundation import lifetimes
from foundation.rows import fetch_one

MOST_SCOPES = 50
PRESENT = """
    SELECT
        public.service_refusal(s),
        public.scopes_in_all(to_jsonb(s.scopes), to_jsonb(public.person_scopes(s.owner_id, s.tenant_id))),
        s.id, s.owner_id
    FROM public.authserver_serviceaccount s WHERE s.id = %s
"""
REFUSAL = "SELECT public.person_refusal(%s, %s, %s)"


def save(service: ServiceAccount) -> None:
    """Save a new or changed service, in a context that sees its tenant. Raises ValidationError, by field.

    A service that is given to another owner, or that starts after its owner was cut off, loses all of its keys: who
    had them answers for it no more.
    """
    check(service)
    is_new = service._state.adding  # noqa: SLF001  # Django documents it
    owner = User.objects.get(pk=service.owner_id)
    former = None if is_new else ServiceAccount.objects.get(pk=service.pk)
    is_cut_off = former is None or former.owner_not_before != owner.not_before
    if former and former.owner_id == owner.pk and not (service.is_active and is_cut_off):
        service.owner_not_before = former.owner_not_before
    else:
        service.owner_not_before = owner.not_before
        service.not_before = None if is_new else timezone.now()
    try:
        with transaction.atomic():
            service.save(force_insert=is_new)
    except IntegrityError:  # another transaction was faster
        raise ValidationError({"name": _("The tenant has a service of this name already.")}) from None


def check(service: ServiceAccount) -> None:
    """Check a service before it is saved, in a context that sees its tenant. Raises ValidationError, by field."""
    if service.is_active:
        _check_owner(service, User.objects.get(pk=service.owner_id))
    _check(service, is_new=service._state.adding)  # noqa: SLF001  # Django documents it


def present_refusal(service: ServiceAccount) -> str | None:
    """Return why a service does not work now, or None, in a context that sees its tenant."""
    return present_rights(service).refusal


def present_rights(service: ServiceAccount) -> ClientRights:
    """Return what a service may do now, in a context that sees its tenant, as a client that acts as it would have."""
    row = fetch_one(PRESENT, [service.pk])
    return ClientRights.of(row) if row else ClientRights(refusal="service_unknown", scopes=frozenset())


def _check_owner(service: ServiceAccount, owner: User) -> None:
    row = fetch_one(REFUSAL, [owner.pk, owner.not_before, service.tenant_id])
    if row is None or row[0] is not None:
        raise ValidationError({"owner": _("The owner has to be an active member of the tenant.")})


def _check(service: ServiceAccount, *, is_new: bool) -> None:
    if not (service.name.isprintable() and service.purpose.isprintable()):
        raise ValidationError({"name": _("Name and purpose have printable characters only.")})
    if len(service.scopes) > MOST_SCOPES:
        raise ValidationError({"scopes": _("There are at most 50.")})
    now = timezone.now()
    if service.expires_at > now + lifetimes.SERVICE_ACCOUNT_MOST or (is_new and service.expires_at <= now):
        raise ValidationError({"expires_at": _("A service works for three years at most, then it is renewed.")})
    service.full_clean(exclude=["owner", "created_by"])
