"""A person's second factors, and the seam to allauth's tables of them."""

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
OF_ITSELF = (Kind.TOTP, Kind.WEBAUTHN)  # recovery codes stand in for one of these


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # a library without types
    def encrypt(self, text: str) -> NoReturn:
        """These hooks do not say whose secret it is, so nothing could bind it to its owner."""
        raise NotImplementedError("secrets are encrypted by foundation.encryption, for their owner")

    def decrypt(self, encrypted_text: str) -> NoReturn:
        raise NotImplementedError("secrets are decrypted by foundation.encryption, for their owner")

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
    """Whether somebody has a factor of their own. Asked once for each ``user`` that a request holds."""
    if user.has_second_factor is None:
        user.has_second_factor = Authenticator.objects.filter(user_id=user.pk, type__in=OF_ITSELF).exists()
    return user.has_second_factor


def must_have_second_factor(user: User) -> bool:
    """Whether somebody may not be here without one: an administrator has required it, or it is one."""
    return user.second_factor_required or (settings.ADMIN_NEEDS_SECOND_FACTOR and user.is_staff)


def record_use(row: Authenticator) -> bool:
    """Note that a factor was used, and say whether it is still there: it may have been removed while it was judged."""
    return bool(Authenticator.objects.filter(pk=row.pk).update(last_used_at=timezone.now()))


def factors_of(user: User) -> list[Factor]:
    """Return somebody's factors, oldest first, recovery codes last."""
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
