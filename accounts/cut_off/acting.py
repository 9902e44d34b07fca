"""Cut a person off, and confirm afterwards that nothing works any more.

One transaction, under the lock of the account's row, revokes every credential and moves ``User.not_before``, which
invalidates everything issued earlier. That also covers credentials that are being issued in concurrent transactions,
which this one cannot see: whatever admits a person compares with ``not_before``. Afterwards each class of credentials
is checked, by a separate query, until none of them is alive.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise

from accounts.cut_off.credentials import revocables, revoke_all
from accounts.mailing import notices
from accounts.mailing.notices import Notice
from accounts.models import CutOff, User
from accounts.organizations import delegation
from audit.context import acting
from audit.events import Event, record
from foundation.declarations import Revocable, RevocationReason, RevocationResult

DUE = 100  # cut-offs that one run checks again


class CutOffRefused(Exception):
    """The last superuser's account is never deactivated. Nothing was changed."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """The state of one class of credentials after a cut-off."""

    label: str | Promise
    revoked: int
    alive: int
    confirmed_at: datetime | None


def cut_off(person: User, *, by: CutOff.By, reason: str = "", close: bool) -> CutOff:
    """Revoke all credentials of a person; with ``close`` deactivate the account as well. Raises CutOffRefused.

    This is one transaction; the check list is filled in after its commit. The lock is FOR NO KEY UPDATE: a sign-in
    that is under way references the account while we wait for its identity, and a stronger lock would deadlock.
    """
    with acting(reason=reason or None), transaction.atomic():
        user = User.objects.select_for_update(no_key=True).get(pk=person.pk)
        if close and delegation.is_last_superuser(user):
            raise CutOffRefused
        ended = revoke_all([user.pk], reason=RevocationReason.CUT_OFF)
        _deactivate(user) if close else User.objects.filter(pk=user.pk).update(not_before=Now())
        checks = {
            name: {"ended": one.count, "follows": list(one.follows), "alive": None, "confirmed_at": None}
            for name, one in ended.items()
        }
        user.refresh_from_db(fields=["not_before"])
        done = CutOff.objects.create(
            user=user, by=by, reason=reason, deactivated=close, checks=checks, not_before=user.not_before
        )
        record(Event.ACCOUNT_CUT_OFF, person=user, object=user, deactivated=close, revoked=_event_details(ended))
        notices.notify(user, _notice(by, close=close))
        transaction.on_commit(partial(confirm, done), robust=True)
    return done


def lock_own_account(person: User) -> CutOff:
    """Let a person lock their own account: revoke all of its credentials, and deactivate it.

    The last superuser's account stays active, because nobody else could reactivate it; its credentials are revoked
    all the same. ``deactivated`` of the returned row says which it was.
    """
    try:
        return cut_off(person, by=CutOff.By.OWNER, close=True)
    except CutOffRefused:
        return cut_off(person, by=CutOff.By.OWNER, close=False)


def confirm(done: CutOff) -> bool:
    """Check each class, revoke again what is still alive, and return whether everything is confirmed dead."""
    with transaction.atomic():
        row = CutOff.objects.select_for_update().filter(pk=done.pk).first()
        if row is None or row.confirmed_at is not None:
            return True
        for name, one in revocables().items():
            row.checks[name] = _checked(one, row)
        if all(check["confirmed_at"] for check in row.checks.values()):
            row.confirmed_at = timezone.now()
            record(Event.ACCOUNT_CUT_OFF_CONFIRMED, person=row.user_id, object=("accounts_user", row.user_id))
        row.save(update_fields=["checks", "confirmed_at"])
    return row.confirmed_at is not None


def confirm_due() -> None:
    """Check the unconfirmed cut-offs again: a provider was unreachable, or a process was killed."""
    for done in CutOff.objects.filter(confirmed_at=None).order_by("created_at")[:DUE]:
        confirm(done)


def check_list(done: CutOff) -> list[Check]:
    labels = {name: one.label for name, one in revocables().items()}
    return [
        Check(
            label=labels.get(name, name),
            revoked=check["ended"],
            alive=check["alive"] or 0,
            confirmed_at=parse_datetime(check["confirmed_at"]) if check["confirmed_at"] else None,
        )
        for name, check in done.checks.items()
    ]


def _notice(by: CutOff.By, *, close: bool) -> Notice:
    if by == CutOff.By.OWNER:
        return Notice.LOCKED if close else Notice.SIGNED_OUT
    return Notice.CUT_OFF_AND_DEACTIVATED if close else Notice.CUT_OFF


def _deactivate(user: User) -> None:
    """Deactivate the account and move its ``not_before``: a trigger does so only when ``is_active`` changes."""
    if user.is_active:
        User.objects.filter(pk=user.pk).update(is_active=False)
    else:
        User.objects.filter(pk=user.pk).update(not_before=Now())


def _event_details(ended: Mapping[str, RevocationResult]) -> list[dict[str, object]]:
    """Return a list for the trail: as keys, the names of some classes would be refused as secrets."""
    return [{"what": name, "count": one.count} for name, one in ended.items()]


def _checked(one: Revocable, row: CutOff) -> dict[str, Any]:
    """Check one class, revoke again what is alive of it, and return its new entry in ``checks``."""
    check: dict[str, Any] = {"ended": 0, "follows": [], "confirmed_at": None} | row.checks.get(one.name, {})
    alive = one.alive([row.user_id])
    if alive:
        again = one.revoke([row.user_id], RevocationReason.CUT_OFF)
        check |= {"ended": check["ended"] + again.count, "follows": [*check["follows"], *again.follows]}
    left = alive + one.pending(check["follows"])
    return check | {
        "alive": left,
        "confirmed_at": None if left else check["confirmed_at"] or timezone.now().isoformat(),
    }
