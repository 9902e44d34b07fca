"""Creating, rotating and revoking API keys, for the account page, the admin and the command."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from audit.events import record
from authserver import events
from authserver.models import ApiKey, ServiceAccount
from authserver.services import key_text
from foundation import lifetimes
from foundation.declarations import AppEvent
from foundation.display_names import on_one_line
from foundation.locks import lock_until_commit

MOST_KEYS = 50  # of a person or a service, those that are revoked or expired left out
LOCK = "api keys of "  # and whose they are: one transaction at a time counts keys and adds one
MOST_SCOPES = 50


@dataclass(frozen=True, kw_only=True)
class NewKey:
    """A new key with its text, which is shown this once."""

    key: ApiKey
    text: str


def create_for_person(
    person: User, *, name: str, scopes: Sequence[str], tenant_id: UUID | None, expires_at: datetime | None = None
) -> NewKey:
    """Create a person's key. Raises ValidationError, by field.

    It works in a tenant, with what the role there allows, or in none, with what needs no role.
    """
    key = ApiKey(user=person, tenant_id=tenant_id, not_before=person.not_before)
    return _create(key, name=name, scopes=scopes, expires_at=expires_at, siblings={"user": person})


def create_for_service(
    service: ServiceAccount,
    *,
    name: str,
    scopes: Sequence[str],
    expires_at: datetime | None = None,
    creator: User | None = None,
) -> NewKey:
    """Create a key of a service, with some of its scopes, until the service expires. Raises ValidationError.

    The ``creator`` sees the key. It is revoked when they are cut off (ADR 55). No creator means an operator.
    """
    if not set(scopes) <= set(service.scopes):
        raise ValidationError({"scopes": _("A key can have only scopes of its service.")})
    key = ApiKey(service=service, tenant_id=service.tenant_id, not_before=service.not_before, created_by=creator)
    last = min(service.expires_at, expires_at or timezone.now() + lifetimes.API_KEY)
    return _create(key, name=name, scopes=scopes, expires_at=last, siblings={"service": service})


def rotate(key: ApiKey, *, creator: User | None = None) -> NewKey:
    """Create a successor with the same scopes and lifetime. The old key works for a week more. Raises ValidationError.

    Only a key that is neither revoked nor expired has a successor.
    """
    with transaction.atomic():
        _check_creator(creator)  # before the key is locked: a cut-off locks in this order
        old = (
            ApiKey.objects.select_for_update(no_key=True, of=("self",)).select_related("service", "user").get(pk=key.pk)
        )
        if not old.is_usable:
            raise ValidationError(_("This key was revoked or has expired."))
        new = _successor(old, creator)
        old.expires_at = min(old.expires_at, timezone.now() + lifetimes.SECRET_OVERLAP)
        old.save(update_fields=["expires_at"])
    return new


def revoke(key: ApiKey) -> bool:
    """Revoke a key at once, and return whether it was not revoked before."""
    with transaction.atomic():
        is_done = ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now()) == 1
        if is_done:
            _record(events.API_KEY_REVOKED, key)
    return is_done


def _successor(old: ApiKey, creator: User | None) -> NewKey:
    expires_at = timezone.now() + min(old.expires_at - old.created_at, lifetimes.API_KEY_MOST)
    if old.service is not None:
        scopes = [name for name in old.scopes if name in old.service.scopes]
        return create_for_service(old.service, name=old.name, scopes=scopes, expires_at=expires_at, creator=creator)
    assert old.user is not None  # noqa: S101  # a constraint of the table
    return create_for_person(old.user, name=old.name, scopes=old.scopes, tenant_id=old.tenant_id, expires_at=expires_at)


def _create(
    key: ApiKey, *, name: str, scopes: Sequence[str], expires_at: datetime | None, siblings: dict[str, object]
) -> NewKey:
    now = timezone.now()
    key.name, key.scopes = on_one_line(name), list(dict.fromkeys(scopes))
    key.created_at, key.expires_at = now, expires_at or now + lifetimes.API_KEY
    text, stored = key_text.new()
    key.public_id, key.digest = stored.public_id, stored.digest
    _check(key, now)
    with transaction.atomic():
        _check_creator(key.created_by)
        lock_until_commit(f"{LOCK}{key.user_id or key.service_id}")
        live = ApiKey.objects.filter(**siblings, revoked_at=None, expires_at__gt=now)
        if live.count() >= MOST_KEYS:
            raise ValidationError(_("There are as many keys as there can be: revoke one first."))
        key.save(force_insert=True)
        _record(events.API_KEY_CREATED, key, scopes=key.scopes, service=str(key.service_id or ""))
    return NewKey(key=key, text=text)


def _check_creator(creator: User | None) -> None:
    """Wait for a cut-off of the creator, which holds the account's lock and revokes what is there before it ends."""
    if creator is None:
        return
    now = User.objects.select_for_update(no_key=True).filter(pk=creator.pk).first()
    if now is None or not now.is_active or now.not_before != creator.not_before:
        raise ValidationError(_("Your account was stopped meanwhile."))


def _check(key: ApiKey, now: datetime) -> None:
    if len(key.scopes) > MOST_SCOPES:
        raise ValidationError({"scopes": _("There are at most 50.")})
    if not now < key.expires_at <= now + lifetimes.API_KEY_MOST:
        raise ValidationError({"expires_at": _("A key works for at least a moment, and for a year at most.")})
    key.full_clean(exclude=["user", "service", "tenant", "created_by"], validate_constraints=False)


def _record(event: AppEvent, key: ApiKey, **details: Any) -> None:
    record(
        event,
        person=key.user_id,
        object=key,
        tenant_id=key.tenant_id,
        prefix=f"{key_text.PREFIX}{key.public_id}",
        **details,
    )
