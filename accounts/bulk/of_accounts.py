"""Bulk actions on whole accounts: deactivate and reactivate them, sign people out, cut them off."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.bulk.base import BulkActionKind, BulkOrder, NotAllowed, SkipReason
from accounts.cut_off import cut_off, revoke_all
from accounts.mailing import notices
from accounts.mailing.notices import Notice
from accounts.models import CutOff, User
from accounts.organizations import delegation
from accounts.sessions import SessionRevocationReason, revoke_all_sessions
from foundation.declarations import RevocationReason


class OfAccount(BulkActionKind):
    """An action on whole accounts: a tenant's administrator reaches nobody who belongs to another tenant too."""

    def out_of_reach(self, actor: User, people: Collection[User]) -> set[UUID]:
        unreachable = super().out_of_reach(actor, people)
        if actor.is_superuser or actor.active_membership is None:
            return unreachable
        return unreachable | delegation.belong_elsewhere(people, actor.active_membership.tenant_id)


@dataclass(frozen=True, kw_only=True)
class SetFlag(OfAccount):
    """Set a boolean column of the account. People who lose rights by it lose their sessions at once."""

    name: str
    label: str | Promise
    question: str | Promise
    column: str
    value: bool
    revokes_sessions: bool = False
    revokes_everything: bool = False
    notice: Notice | None = None
    permission: str = "accounts.change_user"

    def reasons(self, order: BulkOrder, people: Mapping[UUID, User]) -> Callable[[User], SkipReason | None]:
        return lambda person: SkipReason.ALREADY if getattr(person, self.column) is self.value else None

    def write(self, order: BulkOrder, ids: list[UUID]) -> None:
        User.objects.filter(pk__in=ids).update(**{self.column: self.value})
        if self.revokes_everything:
            revoke_all(ids, reason=RevocationReason.DEACTIVATED)
        elif self.revokes_sessions:
            revoke_all_sessions(ids, reason=SessionRevocationReason.ADMINISTRATOR)
        if self.notice is not None:
            notices.notify_all(ids, self.notice)

    def guard(self, order: BulkOrder) -> None:
        if self.column == "is_active" and not self.value:
            _keep_a_superuser(order)


class CutOffAccount(OfAccount):
    """Revoke all credentials of the people and deactivate their accounts, each with a check list of its own."""

    name = "cut_off"
    label = _("Cut off…")
    question = _("Cut off these people, and close their accounts?")
    permission = "accounts.change_user"

    def reasons(self, order: BulkOrder, people: Mapping[UUID, User]) -> Callable[[User], SkipReason | None]:
        return lambda _person: None

    def write(self, order: BulkOrder, ids: list[UUID]) -> None:
        for person in User.objects.filter(pk__in=ids).order_by("pk"):
            cut_off(person, by=CutOff.By.ADMINISTRATOR, close=True)

    def guard(self, order: BulkOrder) -> None:
        _keep_a_superuser(order)


class RevokeSessions(OfAccount):
    name = "end_sessions"
    label = _("End sessions…")
    question = _("End the sessions of these people?")
    permission = "accounts.change_user"

    def reasons(self, order: BulkOrder, people: Mapping[UUID, User]) -> Callable[[User], SkipReason | None]:
        """Skip nobody: sign-ins that wait for a second factor, or that are under way, are ended as well."""
        return lambda _person: None

    def write(self, order: BulkOrder, ids: list[UUID]) -> None:
        revoke_all_sessions(ids, reason=SessionRevocationReason.ADMINISTRATOR)


def _keep_a_superuser(order: BulkOrder) -> None:
    """Keep the last superuser, although two superusers may deactivate each other concurrently. Raises NotAllowed.

    Only superusers can deactivate superusers, and none can deactivate themselves. So one is left as long as the actor
    is still a superuser after all superusers' rows are locked.
    """
    if order.actor.is_superuser:
        superusers = User.objects.filter(is_superuser=True, is_active=True).order_by("pk")
        if order.actor.pk not in {person.pk for person in superusers.select_for_update(no_key=True)}:
            raise NotAllowed
