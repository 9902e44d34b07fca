"""What can be done to many people at once: who of them would change, why others would not, and the change itself."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.cut_off import cut_off, end_all
from accounts.mailing import notices
from accounts.mailing.notices import Notice
from accounts.models import CutOff, Membership, Role, User
from accounts.organizations import delegation, rights
from accounts.organizations.roles import MEMBER
from accounts.sessions import Because, end_of


class Left(models.TextChoices):
    """Why somebody is left as they are."""

    ALREADY = "already", _("already so")
    YOURSELF = "yourself", _("this is you")
    OUT_OF_REACH = "out_of_reach", _("not yours to change")
    NOT_A_MEMBER = "not_a_member", _("not a member of the tenant")
    OTHER_ROLE = "other_role", _("has another role there")
    GONE = "gone", _("the account is gone")


class NotAllowed(Exception):
    """Whoever started it may not do it, or no longer."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """Who does it, in which tenant and with which role, as far as the kind needs them."""

    actor: User
    tenant_id: UUID | None = None
    role: Role | None = None
    grantable: dict[int, bool] = field(default_factory=dict, compare=False)

    @property
    def tenant(self) -> UUID:
        """Raises NotAllowed, and nothing is done, where nobody has said which."""
        if self.tenant_id is None:
            raise NotAllowed
        return self.tenant_id

    def may_grant(self, role: Role) -> bool:
        """Asked once for each role of a slice."""
        if role.pk not in self.grantable:
            self.grantable[role.pk] = delegation.may_grant(self.actor, role, self.tenant)
        return self.grantable[role.pk]


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Of some people: who changes, and why the others do not. Nothing has been written."""

    people: Mapping[UUID, User]
    changes: list[UUID]
    left: Mapping[UUID, Left]


class Kind(ABC):
    """One thing that can be done. ``decide`` writes nothing, ``write`` takes those whom it has decided upon."""

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
        """Whether the kind makes sense with a role; that it can be granted is asked besides."""
        return True

    def decide(self, order: Order, ids: Iterable[UUID], *, lock: bool = False) -> Decision:
        found = User.objects.filter(pk__in=list(ids)).order_by("pk")
        people = {person.pk: person for person in (found.select_for_update(no_key=True) if lock else found)}
        beyond = self.out_of_reach(order.actor, people.values())
        why = self.reasons(order, people)
        left: dict[UUID, Left] = {}
        for pk in ids:
            person = people.get(pk)
            reason = Left.GONE if person is None else self._first_reason(order, person, beyond) or why(person)
            if reason is not None:
                left[pk] = reason
        return Decision(people=people, left=left, changes=[pk for pk in ids if pk not in left])

    def out_of_reach(self, actor: User, people: Collection[User]) -> set[UUID]:
        return delegation.out_of_reach(actor, people)

    def _first_reason(self, order: Order, person: User, beyond: set[UUID]) -> Left | None:
        if person.pk == order.actor.pk:
            return Left.YOURSELF
        return Left.OUT_OF_REACH if person.pk in beyond else None

    @abstractmethod
    def reasons(self, order: Order, people: Mapping[UUID, User]) -> "Callable[[User], Left | None]":
        """Look up what is needed for all of them, and return what tells why one is left, or nothing."""

    @abstractmethod
    def write(self, order: Order, ids: list[UUID]) -> None: ...

    def guard(self, order: Order) -> None:  # noqa: B027  # most kinds need nothing
        """See to it, before a slice is decided and written, that what must hold will. Raises NotAllowed."""


class OfAccount(Kind):
    """About people's whole accounts, which are no single tenant's business when several have them."""

    def out_of_reach(self, actor: User, people: Collection[User]) -> set[UUID]:
        beyond = super().out_of_reach(actor, people)
        if actor.is_superuser or actor.standing is None:
            return beyond
        return beyond | delegation.belong_elsewhere(people, actor.standing.tenant_id)


@dataclass(frozen=True, kw_only=True)
class SetFlag(OfAccount):
    """A column of the account that is yes or no. Whoever loses by it loses their sessions at once."""

    name: str
    label: str | Promise
    question: str | Promise
    column: str
    value: bool
    ends_sessions: bool = False
    ends_all: bool = False
    notice: Notice | None = None
    permission: str = "accounts.change_user"

    def reasons(self, order: Order, people: Mapping[UUID, User]) -> Callable[[User], Left | None]:
        return lambda person: Left.ALREADY if getattr(person, self.column) is self.value else None

    def write(self, order: Order, ids: list[UUID]) -> None:
        User.objects.filter(pk__in=ids).update(**{self.column: self.value})
        if self.ends_all:
            end_all(ids, because=Because.DEACTIVATED)
        elif self.ends_sessions:
            _end_sessions(ids, Because.ADMINISTRATOR)
        if self.notice is not None:
            notices.tell_all(ids, self.notice)

    def guard(self, order: Order) -> None:
        if self.column == "is_active" and not self.value:
            _keep_a_superuser(order)


class CutOffAccount(OfAccount):
    """Ends everything by which they can act and closes their accounts, each with a check list of its own."""

    name = "cut_off"
    label = _("Cut off…")
    question = _("Cut off these people, and close their accounts?")
    permission = "accounts.change_user"

    def reasons(self, order: Order, people: Mapping[UUID, User]) -> Callable[[User], Left | None]:
        return lambda _person: None

    def write(self, order: Order, ids: list[UUID]) -> None:
        for person in User.objects.filter(pk__in=ids).order_by("pk"):
            cut_off(person, by=CutOff.By.ADMINISTRATOR, close=True)

    def guard(self, order: Order) -> None:
        _keep_a_superuser(order)


class EndSessions(OfAccount):
    name = "end_sessions"
    label = _("End sessions…")
    question = _("End the sessions of these people?")
    permission = "accounts.change_user"

    def reasons(self, order: Order, people: Mapping[UUID, User]) -> Callable[[User], Left | None]:
        """Nobody is so already: what waits to become a session, or is judged at this moment, ends as well."""
        return lambda _person: None

    def write(self, order: Order, ids: list[UUID]) -> None:
        _end_sessions(ids, Because.ADMINISTRATOR)


class OfMembership(Kind):
    """About what people are in one tenant. Beneath row-level security a tenant's administrator reaches no other."""

    needs_tenant = True

    def reasons(self, order: Order, people: Mapping[UUID, User]) -> Callable[[User], Left | None]:
        memberships = {m.user_id: m for m in _memberships(order, people).select_related("role")}
        return lambda person: self.why(order, memberships.get(person.pk))

    @abstractmethod
    def why(self, order: Order, membership: Membership | None) -> Left | None: ...


class AddToTenant(OfMembership):
    """For superusers: a tenant's administrators see nobody who is not in it, and invite those."""

    name = "add_to_tenant"
    label = _("Add to a tenant…")
    question = _("Add these people to the tenant?")
    permission = "accounts.add_membership"
    needs_role = True
    is_for_superusers = True

    def why(self, order: Order, membership: Membership | None) -> Left | None:
        return Left.ALREADY if membership else None

    def write(self, order: Order, ids: list[UUID]) -> None:
        new = (Membership(user_id=pk, tenant_id=order.tenant, role=order.role) for pk in ids)
        Membership.objects.bulk_create(new, ignore_conflicts=True)
        _end_sessions(ids, Because.ROLE_CHANGED)
        _tell_of_rights(order, ids)


class GrantRole(OfMembership):
    name = "grant_role"
    label = _("Give a role…")
    question = _("Give these people the role?")
    permission = "accounts.change_membership"
    needs_role = True

    def why(self, order: Order, membership: Membership | None) -> Left | None:
        if membership is None:
            return Left.NOT_A_MEMBER
        if membership.role == order.role:
            return Left.ALREADY
        return None if order.may_grant(membership.role) else Left.OUT_OF_REACH

    def write(self, order: Order, ids: list[UUID]) -> None:
        _memberships(order, ids).update(role=order.role, rule=None)
        _end_sessions(ids, Because.ROLE_CHANGED)
        _tell_of_rights(order, ids)


class RevokeRole(OfMembership):
    """Who loses a role stays a member; who is to leave is removed."""

    name = "revoke_role"
    label = _("Take a role away…")
    question = _("Take the role away from these people?")
    permission = "accounts.change_membership"
    needs_role = True

    def offers(self, role: Role) -> bool:
        return (role.tenant_id, role.name) != (None, MEMBER.name)

    def why(self, order: Order, membership: Membership | None) -> Left | None:
        if membership is None:
            return Left.NOT_A_MEMBER
        return None if membership.role == order.role else Left.OTHER_ROLE

    def write(self, order: Order, ids: list[UUID]) -> None:
        _memberships(order, ids).update(role=Role.objects.get(tenant=None, name=MEMBER.name), rule=None)
        _end_sessions(ids, Because.ROLE_CHANGED)


class RemoveFromTenant(OfMembership):
    name = "remove_from_tenant"
    label = _("Remove from a tenant…")
    question = _("Remove these people from the tenant?")
    permission = "accounts.delete_membership"

    def why(self, order: Order, membership: Membership | None) -> Left | None:
        if membership is None:
            return Left.NOT_A_MEMBER
        return None if order.may_grant(membership.role) else Left.OUT_OF_REACH

    def write(self, order: Order, ids: list[UUID]) -> None:
        _memberships(order, ids).delete()
        _end_sessions(ids, Because.ROLE_CHANGED)


def _keep_a_superuser(order: Order) -> None:
    """The last superuser stays: two of them could switch each other off at the same moment. Raises NotAllowed.

    Nobody but superusers reaches one, and nobody switches off themselves: so one stays as long as whoever acts is
    still one when nobody else can change that.
    """
    if order.actor.is_superuser:
        superusers = User.objects.filter(is_superuser=True, is_active=True).order_by("pk")
        if order.actor.pk not in {person.pk for person in superusers.select_for_update(no_key=True)}:
            raise NotAllowed


def _memberships(order: Order, ids: Iterable[UUID]) -> "models.QuerySet[Membership]":
    return Membership.objects.filter(tenant_id=order.tenant, user_id__in=list(ids))


def _tell_of_rights(order: Order, ids: list[UUID]) -> None:
    if order.role is not None:
        rights.tell_all(ids, tenant_id=order.tenant, role_id=order.role.pk)


def _end_sessions(ids: list[UUID], because: Because) -> None:
    end_of(ids, because=because)


DEACTIVATE = SetFlag(
    name="deactivate",
    label=_("Deactivate…"),
    question=_("Deactivate these accounts?"),
    column="is_active",
    value=False,
    ends_all=True,
    notice=Notice.DEACTIVATED,
)
REACTIVATE = SetFlag(
    name="reactivate",
    label=_("Reactivate…"),
    question=_("Reactivate these accounts?"),
    column="is_active",
    value=True,
    notice=Notice.REACTIVATED,
)
REQUIRE_SECOND_FACTOR = SetFlag(
    name="require_second_factor",
    label=_("Require a second factor…"),
    question=_("Require a second factor of these people?"),
    column="second_factor_required",
    value=True,
    ends_sessions=True,  # it is asked for at the door
)
EVERY_KIND: tuple[Kind, ...] = (
    DEACTIVATE,
    REACTIVATE,
    EndSessions(),
    CutOffAccount(),
    GrantRole(),
    RevokeRole(),
    AddToTenant(),
    RemoveFromTenant(),
    REQUIRE_SECOND_FACTOR,
)
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in EVERY_KIND}
