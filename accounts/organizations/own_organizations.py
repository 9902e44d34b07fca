"""The tenants of a person, as the person sees them. Pages say "organization"."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import transaction
from django.http import HttpRequest

from accounts.models import Membership, User
from accounts.models.active_membership import ActiveMembership, set_context
from accounts.sessions import SessionStore
from audit.events import Event, record
from foundation.rows import fetch_all
from tenancy import site_context

OWN = """
    SELECT tenant_id, tenant_name, role_name, is_primary, created_at FROM public.tenancy_own(%s)
    ORDER BY lower(tenant_name), tenant_id
"""


class NotAMember(Exception):
    """The person is not a member of the tenant, or it does not exist: the response must not tell which."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Organization:
    """A person's membership. ``is_active``: in this session; ``is_primary``: sessions begin there."""

    id: UUID
    name: str
    role: str
    since: datetime
    is_primary: bool
    is_active: bool


def organizations_of(person_id: UUID, *, active: UUID | None, only: UUID | None = None) -> list[Organization]:
    """Return a person's tenants in the order of their names, with one statement, in any context.

    ``only`` is the tenant to which the person is pinned, if that is so.
    """
    return [
        Organization(
            id=tenant_id, name=name, role=role, since=since, is_primary=is_primary, is_active=tenant_id == active
        )
        for tenant_id, name, role, is_primary, since in fetch_all(OWN, [person_id])
        if only in {None, tenant_id}
    ]


class Menu:
    """The person's organizations for a page, read only when the template uses them."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @cached_property
    def active_membership(self) -> ActiveMembership | None:
        """The active membership, which the middleware has set unless the view is ``without_tenant``."""
        person = getattr(self._request, "user", None)
        if not isinstance(person, User):
            return None
        return person.active_membership

    @cached_property
    def choices(self) -> list[Organization]:
        """The organizations to choose from. Nothing is read for people who belong to only one."""
        if self.active_membership is None or self.active_membership.tenants < 2:
            return []
        return self.all

    @cached_property
    def all(self) -> list[Organization]:
        person = self._request.user
        if self.active_membership is None or not isinstance(person, User):
            return []
        return organizations_of(person.pk, active=self.active_membership.tenant_id, only=person.pinned_tenant)


def menu(request: HttpRequest) -> dict[str, Menu]:
    """Context processor for the menu of organizations. Pages that do not show it cost no query."""
    return {"organizations": Menu(request)}


def switch(request: HttpRequest, person: User, tenant_id: UUID) -> None:
    """Make another of the person's tenants the active one in this session, from now on. Raises NotAMember."""
    membership = set_context(person.pk, tenant_id, pinned=person.pinned_tenant)
    if membership is None or membership.tenant_id != tenant_id:
        raise NotAMember
    person.active_membership = membership
    session = request.session
    assert isinstance(session, SessionStore)  # noqa: S101  # the only session engine
    if session.active_tenant == tenant_id:
        return
    try:
        with transaction.atomic():
            session.describe({"active_tenant": tenant_id})
            session.save()
            record(Event.TENANT_SWITCHED, person=person, tenant_id=tenant_id)
    except UpdateError:
        raise SessionInterrupted("the session was ended meanwhile") from None


def make_primary(person: User, tenant_id: UUID) -> None:
    """Make this tenant the one in which the person's sessions begin. Raises NotAMember.

    The rows are locked in a fixed order, so that concurrent calls run one after the other.
    """
    with site_context("a person chooses their primary tenant"):
        memberships = list(Membership.objects.select_for_update().filter(user=person).order_by("pk"))
        if tenant_id not in {membership.tenant_id for membership in memberships}:
            raise NotAMember
        for membership in sorted(memberships, key=lambda membership: membership.tenant_id == tenant_id):
            is_primary = membership.tenant_id == tenant_id
            if membership.is_primary is not is_primary:
                membership.is_primary = is_primary
                membership.save(update_fields=["is_primary"])
