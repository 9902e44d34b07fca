"""The panels below the form on a person's page: memberships, sign-in methods, factors, sessions and history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import Identity, Membership, Role, Session, Tenant, User
from accounts.sign_in.factors.enrolled import Kind, factors_of
from accounts.sign_in.provider_names import name_of
from audit.models import Entry
from audit.reading import labels
from audit.reading.visibility import Visibility
from console.scope import actor
from foundation.browsers import name_browser
from foundation.rows import Rows, fetch_all
from tenancy.context import current

SHOWN_ENTRIES = 20
MEMBERSHIPS, TENANTS, ROLES = Rows(Membership, "m"), Rows(Tenant, "t"), Rows(Role, "r")
IDENTITIES, SESSIONS = Rows(Identity, "i"), Rows(Session, "s")
OF_MEMBERSHIPS = f"""
    SELECT {MEMBERSHIPS.columns}, {TENANTS.columns}, {ROLES.columns}
    FROM accounts_membership m JOIN accounts_tenant t ON t.id = m.tenant_id JOIN accounts_role r ON r.id = m.role_id
    WHERE m.user_id = %s ORDER BY m.is_primary DESC, t.name
"""
OF_IDENTITIES = f"SELECT {IDENTITIES.columns} FROM accounts_identity i WHERE i.user_id = %s ORDER BY i.id"
OF_SESSIONS = f"""
    SELECT {SESSIONS.columns} FROM accounts_session s
    WHERE s.user_id = %s AND s.expire_date > statement_timestamp() ORDER BY s.last_seen_at DESC
"""
KINDS_OF_FACTORS = {
    Kind.TOTP: gettext_lazy("Authenticator app"),
    Kind.WEBAUTHN: gettext_lazy("Passkey"),
    Kind.RECOVERY_CODES: gettext_lazy("Recovery codes"),
}
OF_A_PERSON = "from=person"  # in the URL of a membership: return to the person's page afterwards


@dataclass(frozen=True, kw_only=True)
class PanelRow:
    """A row of text cells. The first one may be a link."""

    cells: Sequence[str]
    link: str = ""

    def under(self, heads: Sequence[str]) -> list[tuple[str, str]]:
        """Return each cell with its column's heading, which narrow screens show in front of it."""
        return list(zip(heads, self.cells, strict=True))


@dataclass(frozen=True, kw_only=True)
class PersonPanel:
    """A table with its title and an optional link to an act, as (label, URL)."""

    name: str
    title: str
    heads: Sequence[str]
    rows: Sequence[PanelRow]
    act: tuple[str, str] | None = None

    @property
    def lines(self) -> list[tuple[str, list[tuple[str, str]]]]:
        """Each row, as its link and its cells with their headings."""
        return [(row.link, row.under(self.heads)) for row in self.rows]


def panels(request: HttpRequest, user: User, *, may_change: bool = False) -> list[PersonPanel]:
    """Return the panels that the user may see. None of them is a form, which would take longer than the page.

    ``may_change`` says that the user may change the account. Only then are its second factors shown.
    """
    person = actor(request)
    makers = {
        "accounts.view_membership": _memberships,
        "accounts.view_identity": _identities,
        "accounts.view_session": _sessions,
        "audit.view_entry": _history,
    }
    visibility = Visibility(request)
    visibility.know(user, person)
    shown = [make(request, user, visibility) for right, make in makers.items() if person.has_perm(right)]
    return [*shown[:-1], _factors(request, user), *shown[-1:]] if may_change else shown


def _memberships(request: HttpRequest, user: User, visibility: Visibility) -> PersonPanel:
    """Return the memberships in the user's own tenant, or all for a superuser: row-level security filters them."""
    memberships = [_membership(row, user) for row in fetch_all(OF_MEMBERSHIPS, [user.pk])]
    visibility.know(*memberships)
    add = reverse("admin:accounts_membership_add")
    return PersonPanel(
        name="memberships",
        title=_("Tenants"),
        heads=(_("Tenant"), _("Role"), _("Primary"), _("Since")),
        rows=[
            PanelRow(
                cells=(str(m.tenant), str(m.role), _("yes") if m.is_primary else "", _day(m.created_at)),
                link=f"{reverse('admin:accounts_membership_change', args=[m.pk])}?{OF_A_PERSON}",
            )
            for m in memberships
        ],
        act=(_("Add to a tenant"), f"{add}?user={user.pk}&{OF_A_PERSON}") if actor(request).is_superuser else None,
    )


def _identities(_request: HttpRequest, user: User, visibility: Visibility) -> PersonPanel:
    identities = [IDENTITIES.read(row) for row in fetch_all(OF_IDENTITIES, [user.pk])]
    visibility.know(*identities)
    return PersonPanel(
        name="identities",
        title=_("Sign-in methods"),
        heads=(_("Provider"), _("Subject"), _("Address"), _("Verified"), _("Issuer"), _("Since")),
        rows=[
            PanelRow(
                cells=(
                    name_of(identity.provider),
                    identity.subject,
                    identity.email or "",
                    _("yes") if identity.email_verified else _("no"),
                    identity.issuer,
                    _day(identity.created_at),
                )
            )
            for identity in identities
        ],
    )


def _factors(request: HttpRequest, user: User) -> PersonPanel:
    """Return the panel of second factors. For one's own account it links to the page for them."""
    factors = factors_of(user)
    own = (_("Your second factors"), reverse("second-factor"))
    reset = (_("Remove all"), reverse("admin:accounts_user_reset_factors", args=[user.pk]))
    return PersonPanel(
        name="factors",
        title=_("Second factors"),
        heads=(_("Kind"), _("Name"), _("Added"), _("Last used")),
        rows=[
            PanelRow(
                cells=(
                    str(KINDS_OF_FACTORS[Kind(factor.kind)]),
                    factor.name if factor.kind == Kind.WEBAUTHN else "",
                    _day(factor.added_at),
                    date_format(factor.last_used_at, "DATETIME_FORMAT") if factor.last_used_at else _("never"),
                )
            )
            for factor in factors
        ],
        act=(own if user.pk == actor(request).pk else reset) if factors else None,
    )


def _sessions(_request: HttpRequest, user: User, _visibility: Visibility) -> PersonPanel:
    """Return the panel of sessions, without their keys, which would give access to them."""
    live = [SESSIONS.read(row) for row in fetch_all(OF_SESSIONS, [user.pk])]
    return PersonPanel(
        name="sessions",
        title=_("Sessions"),
        heads=(_("Session"), _("Browser"), _("Address"), _("Through"), _("Last seen")),
        rows=[
            PanelRow(
                cells=(
                    str(session.public_id),
                    name_browser(session.user_agent),
                    session.ip_address or "",
                    name_of(session.provider) if session.provider else _("Local password"),
                    date_format(session.last_seen_at, "DATETIME_FORMAT"),
                )
            )
            for session in live
        ],
    )


def _history(_request: HttpRequest, user: User, visibility: Visibility) -> PersonPanel:
    """Return the newest entries about the person. A tenant's administrators see those of their tenant."""
    scope = current()
    found = Entry.objects.filter(person=str(user.pk)).order_by("-id").defer("before", "after", "details")
    if not scope.is_site:
        found = found.filter(tenant_id=str(scope.tenant_id))
    entries = list(found[:SHOWN_ENTRIES])
    visibility.gather(entries)
    return PersonPanel(
        name="history",
        title=_("History"),
        heads=(_("Time"), _("What"), _("By"), _("Object")),
        rows=[_sentence(entry, visibility) for entry in entries],
        act=(_("All of it"), f"{reverse('admin:audit_entry_changelist')}?person={user.pk}"),
    )


def _sentence(entry: Entry, visibility: Visibility) -> PanelRow:
    actor, what = visibility.actor(entry), visibility.object(entry)
    return PanelRow(
        cells=(
            date_format(entry.at, "DATETIME_FORMAT"),
            labels.happening(entry.action).removesuffix("."),
            f"{actor.kind} {actor.text}" if actor.kind and not actor.url else actor.text,
            f"{what.kind} {what.text}" if what else "",
        ),
        link=reverse("admin:audit_entry_change", args=[entry.pk]),
    )


def _membership(row: Sequence[Any], user: User) -> Membership:
    membership = MEMBERSHIPS.read(row)
    row = row[len(MEMBERSHIPS.names) :]
    membership.user, membership.tenant = user, TENANTS.read(row)
    membership.role = ROLES.read(row[len(TENANTS.names) :])
    return membership


def _day(moment: datetime) -> str:
    return date_format(moment, "DATE_FORMAT")
