"""What rules mean for one person who has just signed in: a decision without a write."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from accounts.organizations.claim_rules.paths import matches


@dataclass(frozen=True, kw_only=True)
class LoadedRule:
    """An active rule of the provider through which somebody came."""

    id: int
    tenant_id: UUID
    role_id: int
    names: tuple[str, ...]
    value: str
    position: int

    @property
    def rank(self) -> tuple[int, int]:
        """The lowest counts; of two at one position the older."""
        return self.position, self.id


@dataclass(frozen=True, kw_only=True)
class CurrentMembership:
    """A membership that the person has. ``rule_id`` is the rule that gave it, nothing where a person did.

    ``is_of_provider``: its rule looks at the claims of the provider through which they came. ``stands``: its rule
    is active and still gives this role in this tenant. ``rank`` is its rule's.
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
    """What is to be written."""

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
    """Say which memberships a person's claims give, change and take away.

    What a person gave stays as it is. Of several rules for one tenant the first counts. What a rule of this
    provider gave goes with its claim; a claim that could not be read (``unreadable``, by its outermost name) is
    as good as gone. What another provider's rule gave stays while that rule stands: its claims are not at hand.
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
    """Whether this sign-in decides about a membership that a rule gave."""
    if membership.is_of_provider or not membership.is_current:
        return True
    return winner is not None and winner.rank < membership.rank
