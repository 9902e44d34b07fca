"""Apply claim rules: at sign-in, when an identity is disconnected, and when a rule is deleted."""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import ClaimRule, Identity, Membership, User
from accounts.organizations import rights
from accounts.organizations.claim_rules.decision import CurrentMembership, LoadedRule, MembershipChanges, decide
from accounts.organizations.claim_rules.paths import BrokenPath, leads, parse
from accounts.sessions import SessionRevocationReason, revoke_all_sessions, revoke_others
from accounts.sign_in import people
from audit.context import acting
from audit.events import Event, record
from foundation.rows import fetch_one
from tenancy import site_context

AT_SIGN_IN = "SELECT public.claim_rules_at_sign_in(%s, %s)::text"
LOCK_RULE = "SELECT 1 FROM accounts_claimrule WHERE id = %s AND is_active FOR KEY SHARE"


@dataclass(frozen=True, kw_only=True)
class ProvidedClaims:
    """What a provider says of a person, and the names of wanted claims that could not be read this time."""

    provider: str
    claims: Mapping[str, Any]
    unreadable: Collection[str] = ()


def apply_rules(
    identity: Identity, provided: ProvidedClaims, known: str | None, *, keep: str | None, only: UUID | None = None
) -> bool:
    """Grant and withdraw memberships by the rules of a provider and its claims.

    ``known`` is the rules and the person's memberships, from ``load_rules`` or ``Identity.objects.find``. Call this in
    the transaction that opens the session; then ``keep`` is that session's key. Returns whether a rule was skipped
    because its claim could not be read. ``only`` is the tenant whose connection makes these claims: they mean
    nothing in others (ADR 73).
    """
    if known is None:
        return False
    rules, held = parse_rules(known)
    if only is not None:
        rules = [rule for rule in rules if rule.tenant_id == only]
        held = [membership for membership in held if membership.tenant_id == only]
    skipped = [rule.id for rule in rules if _is_skipped(rule, provided)]
    changes = decide([rule for rule in rules if rule.id not in skipped], provided.claims, held)
    with acting(tenant_id=None):  # the event may concern several tenants
        if skipped:
            record(
                Event.CLAIM_RULES_SKIPPED,
                person=identity.user_id,
                provider=provided.provider,
                claims=sorted(provided.unreadable),
                rules=skipped,
            )
        if changes:
            write_changes(changes, identity.user, provided.provider, keep=keep)
    return bool(skipped)


def _is_skipped(rule: LoadedRule, provided: ProvidedClaims) -> bool:
    """Whether a rule needs a claim that could not be read. It does not if its whole path is in the ID token."""
    return bool(rule.names) and rule.names[0] in provided.unreadable and not leads(provided.claims, rule.names)


def load_rules(identity: Identity, *, through: str) -> str | None:
    """Return the rules and the person's memberships, in JSON, for an identity that was not read by ``find``.

    None means that no rule can matter: the provider has none, and none granted the person a membership.
    """
    row = fetch_one(AT_SIGN_IN, [identity.user_id, through])
    return row[0] if row else None


def withdraw(identity: Identity, providers: Collection[str], *, keep: str | None) -> None:
    """Withdraw what the rules of these providers granted, after an identity of their common issuer was disconnected.

    If another identity is left, and there is only one provider, the rules are applied to its claims. Of several
    providers it is unknown which sent them: then the next sign-in through each grants again what its rules do.
    """
    left = next((other for other in Identity.objects.of(identity.user) if other.provider in providers), None)
    claims = left.claims if left and len(providers) == 1 else {}
    for provider in sorted(providers):
        provided = ProvidedClaims(provider=provider, claims=claims)
        apply_rules(identity, provided, load_rules(identity, through=provider), keep=keep)


def parse_rules(text: str) -> tuple[list[LoadedRule], list[CurrentMembership]]:
    """Read what ``claim_rules_at_sign_in`` returns."""
    found = json.loads(text)
    rules = [
        LoadedRule(
            id=row["id"],
            tenant_id=UUID(row["tenant_id"]),
            role_id=row["role_id"],
            names=_names(row["claim"]),
            value=row["value"],
            position=row["position"],
        )
        for row in found["rules"]
    ]
    held = [
        CurrentMembership(
            id=row["id"],
            tenant_id=UUID(row["tenant_id"]),
            role_id=row["role_id"],
            rule_id=row["rule_id"],
            is_of_provider=row["is_of_provider"],
            is_current=row["stands"],
            rank=(row["position"], row["rule_id"] or 0),
        )
        for row in found["held"]
    ]
    return rules, held


def _names(claim: str) -> tuple[str, ...]:
    """Return the names of a path; none if it is malformed, so that its rule grants nothing and withdraws its grants."""
    try:
        return parse(claim)
    except BrokenPath:
        return ()


def write_changes(changes: MembershipChanges, user: User, provider: str, *, keep: str | None) -> None:
    """Write the changes, except to memberships that were changed since they were read, for example by hand.

    A person who gains or loses a role is signed out of all other sessions: an attacker may have one of them. A sign-in
    has locked its identity by now, and cannot wait for an act on the person. Raises people.RevokedMeanwhile.
    """
    people.lock_nowait(user.pk)
    with site_context("claim rules at a sign-in"):
        given = [rule.id for rule in changes.give if _give(rule, user)]
        altered = [rule.id for membership, rule in changes.alter if _alter(membership, rule, user)]
        withdrawn = [membership.rule_id for membership in changes.withdraw if _withdraw(membership)]
    if not (given or altered or withdrawn):
        return
    record(Event.MEMBERSHIPS_SYNCED, person=user, provider=provider, given=given, changed=altered, withdrawn=withdrawn)
    revoke_others(user, keep=keep, reason=SessionRevocationReason.ROLE_CHANGED)


def _give(rule: LoadedRule, user: User) -> bool:
    """Grant a rule's membership while the rule is locked: deleting it waits, and then deletes the membership too."""
    if fetch_one(LOCK_RULE, [rule.id]) is None:
        return False
    try:
        with transaction.atomic():
            Membership.objects.create(user=user, tenant_id=rule.tenant_id, role_id=rule.role_id, rule_id=rule.id)
    except IntegrityError:
        return False  # a membership was just added by hand
    rights.notify(user, tenant_id=rule.tenant_id, role_id=rule.role_id)
    return True


def _alter(membership: CurrentMembership, rule: LoadedRule, user: User) -> bool:
    row = _as_found(membership)
    if row is None:
        return False
    former = row.role_id
    row.role_id, row.rule_id = rule.role_id, rule.id
    row.save(update_fields=["role", "rule"])
    rights.notify(user, tenant_id=rule.tenant_id, role_id=rule.role_id, former_role_id=former)
    return True


def _withdraw(membership: CurrentMembership) -> bool:
    row = _as_found(membership)
    if row is None:
        return False
    row.delete()
    return True


def _as_found(membership: CurrentMembership) -> Membership | None:
    """Lock a membership's row, unless it was deleted, or another rule or a person has granted it by now."""
    found: Membership | None = (
        Membership.objects.select_for_update().filter(pk=membership.id, rule_id=membership.rule_id).first()
    )
    return found


def remove(rules: Iterable[ClaimRule], *, keep: str | None) -> None:
    """Delete rules and the memberships they granted, in the site's context. ``keep`` is the actor's session."""
    with transaction.atomic():
        held = ClaimRule.objects.select_for_update().filter(pk__in=[rule.pk for rule in rules])
        chosen = list(held.values_list("pk", flat=True))
        given = Membership.objects.filter(rule__in=chosen)
        members = list(given.values_list("user_id", flat=True).distinct())
        given.delete()
        ClaimRule.objects.filter(pk__in=chosen).delete()
        revoke_all_sessions(members, keep=keep, reason=SessionRevocationReason.ROLE_CHANGED)
