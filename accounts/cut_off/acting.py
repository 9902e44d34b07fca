"""The act itself, and the looks afterwards.

Everything ends in one transaction, under the lock of the account's row, together with the moment before which nothing
serves any more (``User.not_before``): what somebody gives out at this very moment, in a transaction that we cannot
see, is dead too, because whoever lets somebody in compares with that moment. Then, with other eyes, each class is
looked at until nothing of it is alive.
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

DUE = 100  # that are looked at again in one run


class CutOffRefused(Exception):
    """The last superuser's account is never closed. Nothing was changed."""


@dataclass(frozen=True, kw_only=True)
class Check:
    """How it stands with one class of credentials after a cut-off."""

    label: str | Promise
    revoked: int
    alive: int
    confirmed_at: datetime | None


def cut_off(person: User, *, by: CutOff.By, reason: str = "", close: bool) -> CutOff:
    """End everything by which somebody can act; with ``close`` nobody comes in by this account until it is opened.

    In one transaction; the check list follows its commit. The lock is the weaker one: a sign-in that is under way
    refers to the account while we wait for its identity. Raises CutOffRefused.
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
            user=user, by=by, reason=reason, closed=close, checks=checks, not_before=user.not_before
        )
        record(Event.ACCOUNT_CUT_OFF, person=user, object=user, deactivated=close, revoked=_event_details(ended))
        notices.notify(user, _notice(by, close=close))
        transaction.on_commit(partial(confirm, done), robust=True)
    return done


def lock_own_account(person: User) -> CutOff:
    """Let a person lock their own account: end everything by which somebody can act in it, and close it.

    The last superuser's account stays open, for nobody else could open it; all else ends there too (``closed`` of
    what is returned says which it was).
    """
    try:
        return cut_off(person, by=CutOff.By.OWNER, close=True)
    except CutOffRefused:
        return cut_off(person, by=CutOff.By.OWNER, close=False)


def confirm(done: CutOff) -> bool:
    """Look at each class that is not confirmed, end what is alive once more, and return whether all is dead."""
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
    """Look again at the cut-offs that are not confirmed: a provider was away, or a process was killed."""
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
    """The database's trigger moves ``not_before`` on, whoever closes an account and however."""
    if user.is_active:
        User.objects.filter(pk=user.pk).update(is_active=False)
    else:
        User.objects.filter(pk=user.pk).update(not_before=Now())


def _event_details(ended: Mapping[str, RevocationResult]) -> list[dict[str, object]]:
    """As the trail takes it: some classes are named like secrets."""
    return [{"what": name, "count": one.count} for name, one in ended.items()]


def _checked(one: Revocable, row: CutOff) -> dict[str, Any]:
    """Look at one class, end once more what is alive of it, and return what is to be known of it now."""
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
