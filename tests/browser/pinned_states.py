"""The pages of people who have come in through their organization's own sign-in (ADR 73)."""

from collections.abc import Callable

from accounts.models import Membership, Role, Tenant, User
from tenancy import site_context
from tests.browser.states import PROVE, State
from tests.browser.visitor import NewVisitor, Visitor
from tests.support.pinned import give_to


def _came(
    path: str, *, connected: bool = True, is_member: bool = True, needs_factor: bool = False
) -> Callable[[Visitor, NewVisitor], None]:
    """Somebody comes in through Keycloak, which is the organization's, perhaps with another method at Google."""

    def arrive(visitor: Visitor, _: NewVisitor) -> None:
        visitor.comes_from("keycloak", "ada")
        if connected:
            visitor.connect("google", "ada")
        with site_context("a test"):
            tenant = Tenant.objects.create(name="Analytical Engines & Sons")
            person = User.objects.get(identities__provider="keycloak")
            if is_member:
                Membership.objects.create(user=person, tenant=tenant, role=Role.objects.get(name="member"))
        User.objects.update(second_factor_required=needs_factor)
        give_to(tenant, "keycloak")
        visitor.page.context.clear_cookies()
        visitor.go("/accounts/login/")
        visitor.start("keycloak")
        visitor.choose("ada")
        if path:
            visitor.go(path)

    return arrive


PINNED_STATES = [
    State(name="pinned-account", heading="Ada Lovelace", arrive=_came("/accounts/")),
    State(name="pinned-organizations", heading="Organizations", arrive=_came("/accounts/organizations/")),
    State(name="pinned-proving", heading="Confirm that it is you", arrive=_came(PROVE)),
    State(name="pinned-nothing_else", heading="Confirm that it is you", arrive=_came(PROVE, connected=False)),
    State(name="pinned-no_member", heading="You do not belong to this organization", arrive=_came("", is_member=False)),
    State(name="pinned-no_factor", heading="A second factor is missing", arrive=_came("", needs_factor=True)),
]
