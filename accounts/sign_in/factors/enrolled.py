"""The second factors of a person, which allauth's tables store."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NoReturn

from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User

Kind = Authenticator.Type
OF_ITSELF = (Kind.TOTP, Kind.WEBAUTHN)  # recovery codes only replace one of these


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # a library without types
    def encrypt(self, text: str) -> NoReturn:
        """Refuse: this hook does not pass the owner, so the ciphertext could not be bound to one."""
        raise NotImplementedError("encrypt secrets with foundation.encryption, which binds them to their owner")

    def decrypt(self, encrypted_text: str) -> NoReturn:
        raise NotImplementedError("decrypt secrets with foundation.encryption, which binds them to their owner")

    def is_mfa_enabled(self, user: Any, types: Any = None) -> bool:
        return isinstance(user, User) and has_second_factor(user)


@dataclass(frozen=True, kw_only=True)
class Factor:
    """A second factor as its owner sees it."""

    kind: str
    name: str
    added_at: datetime
    last_used_at: datetime | None
    remove_url: str
    can_remove: bool
    replace_url: str = ""
    recovery_left: int | None = None


def has_second_factor(user: User) -> bool:
    """Whether a person has a second factor other than recovery codes. Queried once for each ``user`` object."""
    if user.has_second_factor is None:
        user.has_second_factor = Authenticator.objects.filter(user_id=user.pk, type__in=OF_ITSELF).exists()
    return user.has_second_factor


def must_have_second_factor(user: User) -> bool:
    """Whether a person must have a factor: an administrator requires it, or the person may enter the admin."""
    return user.second_factor_required or (settings.ADMIN_NEEDS_SECOND_FACTOR and user.is_staff)


def needs_second_factor_to_administer(user: User) -> bool:
    """Whether a person must have verified a factor in this sign-in before they may use an administrator's rights."""
    return settings.ADMIN_NEEDS_SECOND_FACTOR or must_have_second_factor(user) or has_second_factor(user)


def record_use(row: Authenticator) -> bool:
    """Record the use of a factor; return whether it still exists: it may have been removed while it was verified."""
    return bool(Authenticator.objects.filter(pk=row.pk).update(last_used_at=timezone.now()))


def factors_of(user: User) -> list[Factor]:
    """Return a person's factors, oldest first, recovery codes last."""
    rows = list(Authenticator.objects.filter(user_id=user.pk).order_by("created_at", "pk"))
    alone = sum(row.type in OF_ITSELF for row in rows) == 1
    return [
        _shown(row, can_remove=row.type == Kind.RECOVERY_CODES or not (alone and must_have_second_factor(user)))
        for row in sorted(rows, key=lambda row: row.type == Kind.RECOVERY_CODES)
    ]


def name_of(row: Authenticator) -> str:
    if row.type == Kind.WEBAUTHN:
        return row.data.get("name") or _("Passkey")
    return _("Authenticator app") if row.type == Kind.TOTP else _("Recovery codes")


def _shown(row: Authenticator, *, can_remove: bool) -> Factor:
    is_recovery = row.type == Kind.RECOVERY_CODES
    return Factor(
        kind=row.type,
        name=name_of(row),
        added_at=row.created_at,
        last_used_at=row.last_used_at,
        remove_url=reverse("remove-factor", kwargs={"factor_id": row.pk}),
        can_remove=can_remove,
        replace_url=reverse("add-authenticator") if row.type == Kind.TOTP else "",
        recovery_left=len(row.data.get("left", ())) if is_recovery else None,
    )
