"""Move identities to another issuer, in one transaction: all that are in the plan, or none."""

from uuid import uuid4

from django.db import IntegrityError, transaction

from audit.context import acting
from audit.events import Event, record
from foundation.locks import lock_until_commit
from foundation.rows import change, fetch_one
from providers.linking import issuer_lock
from providers.moving.plan import IS_OBSOLETE, MOVING, MoveOrder, MovePlan, MoveRefused, make_plan

# In the order of all acts on several identities, after which those who sign in with one of them have finished.
LOCK = f"""
    {MOVING}
    SELECT count(*) FROM (
        SELECT i.id FROM accounts_identity i WHERE i.id IN (SELECT id FROM moving) ORDER BY i.id FOR UPDATE
    ) AS locked
"""
DELETE_TOKENS = f"""
    {MOVING} DELETE FROM providers_upstreamtokens WHERE identity_id IN (SELECT id FROM moving)
"""
DELETE_REFUSALS = f"{MOVING} DELETE FROM providers_refusedidentity r WHERE {IS_OBSOLETE}"
# Who signs in at the new issuer has not come back to the former one.
RELEASE_REVOCATIONS = f"""
    {MOVING} UPDATE providers_upstreamrevocation SET identity_id = NULL, sid = ''
    WHERE state = 'waiting' AND identity_id IN (SELECT id FROM moving)
"""
MOVE = f"""
    {MOVING} UPDATE accounts_identity i SET
        issuer = %(to_issuer)s, subject = m.new_subject,
        provider = CASE WHEN i.provider = ANY (%(providers)s) THEN i.provider ELSE (%(providers)s::text[])[1] END
    FROM moving m WHERE m.id = i.id
"""


def move(order: MoveOrder) -> MovePlan:
    """Move the identities of an order and return what was changed. Raises MoveRefused without a write.

    Refused identities are connected without the lock of the issuer. If that happens at the same moment, the database
    lets one of the two succeed; the second try finds the clash.
    """
    with acting(batch_id=uuid4()):
        try:
            return _move(order)
        except IntegrityError:
            return _move(order)


def _move(order: MoveOrder) -> MovePlan:
    with transaction.atomic():
        for issuer in sorted({order.from_issuer, order.to_issuer}):
            lock_until_commit(issuer_lock(issuer))
        given = order.given
        fetch_one(LOCK, given)
        plan = make_plan(order)
        _check_clashes(plan, order)
        for statement in (DELETE_REFUSALS, DELETE_TOKENS, RELEASE_REVOCATIONS, MOVE):
            change(statement, given)
        record(
            Event.IDENTITIES_MOVED,
            from_issuer=order.from_issuer,
            to_issuer=order.to_issuer,
            provider=plan.provider,
            mapped=order.subjects is not None,
            identities=plan.identities,
            people=plan.people,
        )
        return plan


def _check_clashes(plan: MovePlan, order: MoveOrder) -> None:
    if plan.clashing:
        first = plan.clashes[0]
        raise MoveRefused(
            f"New subjects that are connected at {order.to_issuer!r} already: {plan.clashing}, such as "
            f"{first.new_subject!r} to the account {first.holder}. Nothing was moved."
        )
