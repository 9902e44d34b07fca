"""Run a bulk action slice by slice. Each slice is one transaction that also stores the progress.

So an action can be resumed after its worker was killed, and run twice concurrently: the second run finds the slice
done. The starter's permissions are checked again for each slice.
"""

import logging
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db import DatabaseError, InterfaceError, OperationalError
from django.db.models import F, Func, IntegerField, QuerySet
from django.utils import timezone

from accounts.bulk.actions import ACTIONS
from accounts.bulk.base import BulkActionKind, BulkDecision, BulkOrder, NotAllowed
from accounts.models import BulkAction, BulkState, Role, User
from accounts.models.active_membership import set_context
from audit.context import Actor, ActorKind, acting
from audit.events import Event, record
from jobs.retry import Lease, RetryPolicy
from tenancy import person_context, site_context
from tenancy.context import Scope, current, request_context

logger = logging.getLogger(__name__)

SLICE = 500  # people per transaction: locks are held for about a second at most
LEASE = Lease(timedelta(minutes=1))  # after longer without progress, the worker or its message is lost
RETRIES = RetryPolicy(delays=(LEASE.lasts,), max_age=timedelta(days=1))  # by the schedule, until the action is given up
PROGRESS = ("state", "position", "changed", "skipped", "moved_at", "leased_until")
OUTAGES = (OperationalError, InterfaceError)


def prepare(kind: BulkActionKind, people: QuerySet[User], starter: User) -> BulkAction:
    """Store exactly which people were chosen, without loading them into this process."""
    scope = current()
    action = BulkAction(kind=kind.name, user=starter, is_site=scope.is_site)
    action.tenant_id = None if scope.is_site else scope.tenant_id
    action.save()
    chosen = BulkAction.objects.filter(pk=action.pk)
    chosen.update(targets=ArraySubquery(people.order_by("pk").values("pk")))
    chosen.update(total=Func(F("targets"), function="cardinality", output_field=IntegerField()))
    action.refresh_from_db(fields=["total"])
    return action


def count(action: BulkAction) -> None:
    """Start the preview. The action has its tenant and role by now, if the kind needs them."""
    _move_to(action, BulkState.COUNTING)


def confirm(action: BulkAction) -> None:
    """Start making the previewed changes."""
    with acting(batch_id=action.pk):
        record(Event.BULK_ACTION_STARTED, **_event_details(action), people=action.total)
    _move_to(action, BulkState.RUNNING)


def stop(action: BulkAction, reason: str) -> None:
    """Stop the action. Changes that were made stay."""
    was_running = action.state == BulkState.RUNNING
    action.state, action.stop_reason = BulkState.STOPPED, reason
    action.save(update_fields=["state", "stop_reason"])
    if was_running:
        _record_end(action)
    _clear_targets(action)


def carry_out(action_id: UUID, starter_id: UUID, *, seconds: float | None = None) -> bool:
    """Do slices for up to ``seconds``, or until none is left; return whether the action came to its end.

    Raises OperationalError and InterfaceError while the database is unreachable: run it again later.
    """
    deadline = None if seconds is None else time.monotonic() + seconds
    has_more = True
    while has_more and (deadline is None or time.monotonic() < deadline):
        try:
            has_more = step(action_id, starter_id)
        except OUTAGES:
            raise
        except DatabaseError:
            logger.exception("a bulk action failed: %s", action_id)
            with person_context(starter_id):
                stop(BulkAction.objects.select_for_update().defer("targets").get(pk=action_id), "failed")
            return True
    return not has_more


def step(action_id: UUID, starter_id: UUID) -> bool:
    """Do one slice, in one transaction, and return whether there is more to do."""
    with person_context(starter_id):
        found = BulkAction.objects.defer("targets").filter(pk=action_id).first()
    if found is None or not found.is_at_work:
        return False
    with _acting_for(found) as starter:
        action: BulkAction = BulkAction.objects.select_for_update().defer("targets").get(pk=action_id)
        if not action.is_at_work:
            return False
        try:
            _do_slice(action, starter)
        except NotAllowed:
            stop(action, "not_allowed")
        return action.is_at_work


def order_of(action: BulkAction, starter: User) -> BulkOrder:
    """Return who acts, where and with which role. Raises NotAllowed if the starter may not, or no longer, do this."""
    kind = ACTIONS[action.kind]
    membership = starter.active_membership
    is_where_it_began = (
        starter.is_superuser if action.is_site else bool(membership and membership.tenant_id == action.tenant_id)
    )
    if not (starter.is_active and starter.is_staff and is_where_it_began and kind.is_open_to(starter)):
        raise NotAllowed
    role = Role.objects.filter(pk=action.role_id).first() if action.role_id else None
    order = BulkOrder(actor=starter, tenant_id=action.tenant_id, role=role)
    if kind.needs_role and not (role and role.fits(action.tenant_id) and order.may_grant(role)):
        raise NotAllowed
    return order


def sample(action: BulkAction, order: BulkOrder, count: int) -> BulkDecision:
    """Decide about the first ``count`` people, to be shown in the preview."""
    return ACTIONS[action.kind].decide(order, _targets(action, 0, count))


def _do_slice(action: BulkAction, starter: User) -> None:
    kind, order = ACTIONS[action.kind], order_of(action, starter)
    writes = action.state == BulkState.RUNNING
    ids = _targets(action, action.position, action.position + SLICE)
    if writes:
        kind.guard(order)
    decision = kind.decide(order, ids, lock=writes)
    if writes and decision.changes:
        with acting(batch_id=action.pk):
            kind.write(order, decision.changes)
    _record_progress(action, len(ids), decision)


def _record_progress(action: BulkAction, count: int, decision: BulkDecision) -> None:
    action.position += count
    action.changed += len(decision.changes)
    action.skipped = dict(Counter(action.skipped) + Counter(str(reason) for reason in decision.skipped.values()))
    action.moved_at, action.leased_until = timezone.now(), LEASE.until()
    if action.position >= action.total:
        is_over = action.state == BulkState.RUNNING
        action.state = BulkState.FINISHED if is_over else BulkState.PREVIEWED
        if is_over:
            _record_end(action)
            _clear_targets(action)
    action.save(update_fields=PROGRESS)


def _move_to(action: BulkAction, state: BulkState) -> None:
    action.state, action.position, action.changed, action.skipped = state, 0, 0, {}
    action.moved_at, action.leased_until = timezone.now(), LEASE.until()
    action.save(update_fields=[*PROGRESS, "tenant_id", "role_id"])


def _targets(action: BulkAction, start: int, end: int) -> list[UUID]:
    """Read only this part of the array from the database."""
    slices = BulkAction.objects.filter(pk=action.pk).values_list(f"targets__{start}_{end}", flat=True)
    ids: list[UUID] = slices.get()
    return ids


def _clear_targets(action: BulkAction) -> None:
    """Delete the list of people: those who were changed are in the trail, and nothing needs the others."""
    BulkAction.objects.filter(pk=action.pk).update(targets=[])


def _record_end(action: BulkAction) -> None:
    with acting(batch_id=action.pk):
        record(
            Event.BULK_ACTION_ENDED,
            **_event_details(action),
            changed=action.changed,
            skipped=action.skipped,
            finished=action.state == BulkState.FINISHED,
        )


def _event_details(action: BulkAction) -> dict[str, Any]:
    return {"tenant_id": action.tenant_id, "kind": action.kind, "role": action.role_id}


@contextmanager
def _acting_for(action: BulkAction) -> Iterator[User]:
    """Work in the context that the starter had in the admin, if they may still: the whole site, or their tenant."""
    starter = User.objects.get(pk=action.user_id)
    actor = Actor(ActorKind.PERSON, str(starter.pk))
    if action.is_site and starter.is_superuser:
        with site_context("a superuser's bulk action goes on", actor=actor):
            yield starter
        return

    def enter_again() -> Scope:
        starter.active_membership = set_context(starter.pk, action.tenant_id, pinned=None)
        return Scope(
            tenant_id=starter.active_membership.tenant_id if starter.active_membership else None, person_id=starter.pk
        )

    with request_context(enter_again), acting(actor=actor):
        yield starter
