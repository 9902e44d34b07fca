"""The base of every bulk action: which people would change, why the others would not, and the change itself."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Role, User
from accounts.organizations import delegation


class SkipReason(models.TextChoices):
    """Why a person is skipped."""

    ALREADY = "already", _("already so")
    YOURSELF = "yourself", _("this is you")
    OUT_OF_REACH = "out_of_reach", _("not yours to change")
    NOT_A_MEMBER = "not_a_member", _("not a member of the tenant")
    OTHER_ROLE = "other_role", _("has another role there")
    GONE = "gone", _("the account is gone")


class NotAllowed(Exception):
    """The person who started the action may not do it, or no longer may."""


@dataclass(frozen=True, kw_only=True)
class BulkOrder:
    """Who acts, and the tenant and role, if the kind of action needs them."""

    actor: User
    tenant_id: UUID | None = None
    role: Role | None = None
    grantable: dict[int, bool] = field(default_factory=dict, compare=False)

    @property
    def tenant(self) -> UUID:
        """Raises NotAllowed if no tenant was chosen; then nothing is done."""
        if self.tenant_id is None:
            raise NotAllowed
        return self.tenant_id

    def may_grant(self, role: Role) -> bool:
        """Whether the actor may grant a role here; computed once for each role of a slice."""
        if role.pk not in self.grantable:
            self.grantable[role.pk] = delegation.may_grant(self.actor, role, self.tenant)
        return self.grantable[role.pk]


@dataclass(frozen=True, kw_only=True)
class BulkDecision:
    """Which people change, and why the others do not. Nothing has been written."""

    people: Mapping[UUID, User]
    changes: list[UUID]
    skipped: Mapping[UUID, SkipReason]


class BulkActionKind(ABC):
    """One kind of bulk action. ``decide`` writes nothing; ``write`` changes the people that ``decide`` chose."""

    name: str
    label: str | Promise
    question: str | Promise
    permission: str
    needs_tenant = False
    needs_role = False
    is_for_superusers = False

    def is_open_to(self, person: User) -> bool:
        return person.is_superuser or (not self.is_for_superusers and person.has_perm(self.permission))

    def offers(self, role: Role) -> bool:
        """Whether the action makes sense with this role. Whether the role can be granted is checked separately."""
        return True

    def decide(self, order: BulkOrder, ids: Iterable[UUID], *, lock: bool = False) -> BulkDecision:
        found = User.objects.filter(pk__in=list(ids)).order_by("pk")
        people = {person.pk: person for person in (found.select_for_update(no_key=True) if lock else found)}
        unreachable = self.out_of_reach(order.actor, people.values())
        reason_of = self.reasons(order, people)
        skipped: dict[UUID, SkipReason] = {}
        for pk in ids:
            person = people.get(pk)
            reason = (
                SkipReason.GONE
                if person is None
                else self._first_reason(order, person, unreachable) or reason_of(person)
            )
            if reason is not None:
                skipped[pk] = reason
        return BulkDecision(people=people, skipped=skipped, changes=[pk for pk in ids if pk not in skipped])

    def out_of_reach(self, actor: User, people: Collection[User]) -> set[UUID]:
        return delegation.out_of_reach(actor, people)

    def _first_reason(self, order: BulkOrder, person: User, unreachable: set[UUID]) -> SkipReason | None:
        if person.pk == order.actor.pk:
            return SkipReason.YOURSELF
        return SkipReason.OUT_OF_REACH if person.pk in unreachable else None

    @abstractmethod
    def reasons(self, order: BulkOrder, people: Mapping[UUID, User]) -> "Callable[[User], SkipReason | None]":
        """Load what is needed for all people at once; return a function from a person to the reason to skip them."""

    @abstractmethod
    def write(self, order: BulkOrder, ids: list[UUID]) -> None: ...

    def guard(self, order: BulkOrder) -> None:  # noqa: B027  # most kinds need nothing
        """Check or lock what must hold before a slice is decided and written. Raises NotAllowed."""
