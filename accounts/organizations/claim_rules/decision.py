"""Decide what claim rules mean for one person who has just signed in. This module writes nothing."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accounts.organizations.claim_rules.paths import matches


@dataclass(frozen=True, kw_only=True)
class LoadedRule:
    """An active rule of the provider through which the person signed in."""

    id: int
    tenant_id: UUID
    role_id: int
    names: tuple[str, ...]
    value: str
    position: int

    @property
    def rank(self) -> tuple[int, int]:
        """The order of precedence: the lowest wins; of two rules at one position, the older one."""
        return self.position, self.id


@dataclass(frozen=True, kw_only=True)
class CurrentMembership:
    """A membership of the person. ``rule_id`` is the rule that granted it, or None if a person did.

    ``is_of_provider``: its rule is for the provider through which the person signed in. ``is_current``: its rule is
    active and still grants this role in this tenant. ``rank`` is the rank of its rule.
    """

    id: int
    tenant_id: UUID
    role_id: int
    rule_id: int | None = None
    is_of_provider: bool = False
    is_current: bool = True
    rank: tuple[int, int] = (0, 0)


@dataclass(frozen=True, kw_only=True)
class MembershipChanges:
    """The memberships to create, to change and to delete."""

    give: tuple[LoadedRule, ...] = ()
    alter: tuple[tuple[CurrentMembership, LoadedRule], ...] = ()
    withdraw: tuple[CurrentMembership, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.give or self.alter or self.withdraw)


def decide(
    rules: Iterable[LoadedRule],
    claims: Mapping[str, Any],
    held: Sequence[CurrentMembership],
    *,
    unreadable: Collection[str] = (),
) -> MembershipChanges:
    """Return which memberships a person's claims grant, change and withdraw.

    Memberships granted by a person stay unchanged. Of several rules for one tenant, the one with the lowest rank
    counts. A membership granted by a rule of this provider ends when the claim is gone; a claim that could not be read
    (``unreadable``, by its outermost name) counts as gone. A membership granted by another provider's rule stays while
    that rule is current, because that provider's claims are not available here.
    """
    winners: dict[UUID, LoadedRule] = {}
    for rule in sorted(rules, key=lambda rule: rule.rank):
        if not (rule.names and rule.names[0] in unreadable) and matches(claims, rule.names, rule.value):
            winners.setdefault(rule.tenant_id, rule)
    alter: list[tuple[CurrentMembership, LoadedRule]] = []
    withdraw: list[CurrentMembership] = []
    for membership in held:
        if membership.rule_id is None or not _is_open(membership, winners.get(membership.tenant_id)):
            continue
        winner = winners.get(membership.tenant_id)
        if winner is None:
            withdraw.append(membership)
        elif (winner.id, winner.role_id) != (membership.rule_id, membership.role_id):
            alter.append((membership, winner))
    taken = {membership.tenant_id for membership in held}
    give = tuple(rule for tenant_id, rule in winners.items() if tenant_id not in taken)
    return MembershipChanges(give=give, alter=tuple(alter), withdraw=tuple(withdraw))


def _is_open(membership: CurrentMembership, winner: LoadedRule | None) -> bool:
    """Whether this sign-in may change a membership that a rule granted."""
    if membership.is_of_provider or not membership.is_current:
        return True
    return winner is not None and winner.rank < membership.rank
