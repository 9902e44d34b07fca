"""The acts on service accounts. All changes go through these functions, and the trail records them."""

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from authserver.models import ServiceAccount
from foundation import lifetimes
from foundation.rows import fetch_one

MOST_SCOPES = 50
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
    row = fetch_one(
        "SELECT public.service_refusal(s) FROM public.authserver_serviceaccount s WHERE s.id = %s", [service.pk]
    )
    return str(row[0]) if row and row[0] else None


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
