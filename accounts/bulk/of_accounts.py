"""Bulk actions upon people's whole accounts: closing and opening them, signing people out, cutting them off."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.bulk.base import Kind, Left, NotAllowed, Order
from accounts.cut_off import cut_off, end_all
from accounts.mailing import notices
from accounts.mailing.notices import Notice
from accounts.models import CutOff, User
from accounts.organizations import delegation
from accounts.sessions import Because, end_of
from foundation.declarations import RevocationReason


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
            end_all(ids, reason=RevocationReason.DEACTIVATED)
        elif self.ends_sessions:
            end_of(ids, because=Because.ADMINISTRATOR)
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
        end_of(ids, because=Because.ADMINISTRATOR)


def _keep_a_superuser(order: Order) -> None:
    """The last superuser stays: two of them could switch each other off at the same moment. Raises NotAllowed.

    Nobody but superusers reaches one, and nobody switches off themselves: so one stays as long as whoever acts is
    still one when nobody else can change that.
    """
    if order.actor.is_superuser:
        superusers = User.objects.filter(is_superuser=True, is_active=True).order_by("pk")
        if order.actor.pk not in {person.pk for person in superusers.select_for_update(no_key=True)}:
            raise NotAllowed
