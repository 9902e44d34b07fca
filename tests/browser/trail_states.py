"""The pages of the trail in the states that somebody brings about: filtered, nothing found, an object as it was."""

from collections.abc import Callable

from accounts.models import Tenant
from audit.models import Entry
from tenancy import site_context
from tests.browser.admin_states import sign_in_and_furnish
from tests.browser.states import State
from tests.browser.visitor import NewVisitor, Visitor

TRAIL = "/admin/audit/entry/"


def _renamed(visitor: Visitor) -> Entry:
    """Rename a tenant by hand, and return the entry of it."""
    sign_in_and_furnish(visitor)
    with site_context("a test looks for a tenant"):
        tenant = Tenant.objects.get(slug="harbour")
    visitor.go(f"/admin/accounts/tenant/{tenant.pk}/change/")
    visitor.page.locator("#id_name").fill("Harbour Works and Daughters")
    visitor.page.locator("input[name=_save]").click()
    return Entry.objects.filter(object_table="accounts_tenant", action="update").latest("id")


def _of_the_renaming(path: str) -> Callable[[Visitor, NewVisitor], None]:
    def arrive(visitor: Visitor, _: NewVisitor) -> None:
        entry = _renamed(visitor)
        visitor.go(f"{TRAIL}{entry.pk}/{path}")

    return arrive


def _history(visitor: Visitor, _: NewVisitor) -> None:
    entry = _renamed(visitor)
    visitor.go(f"/admin/accounts/tenant/{entry.object_id}/history/")


def _event(visitor: Visitor, _: NewVisitor) -> None:
    sign_in_and_furnish(visitor)
    visitor.go(f"{TRAIL}{Entry.objects.filter(action='sign_in.succeeded').latest('id').pk}/change/")


def _at(path: str) -> Callable[[Visitor, NewVisitor], None]:
    def arrive(visitor: Visitor, _: NewVisitor) -> None:
        sign_in_and_furnish(visitor)
        visitor.go(f"{TRAIL}{path}")

    return arrive


def _retention(visitor: Visitor, _: NewVisitor) -> None:
    """With a rule for a tenant and one for everybody else, and one that was refused."""
    sign_in_and_furnish(visitor)
    for tenant, days in (("harbour", "730"), ("", "400"), ("harbour", "30")):
        visitor.go(f"{TRAIL}retention/")
        visitor.page.locator("#id_tenant").fill(tenant)
        visitor.page.locator("#id_days").fill(days)
        visitor.page.locator(".submit-row input").click()


TRAIL_STATES = [
    State(name="trail-filtered", heading="Trail", arrive=_at("?action=sign_in.succeeded&ip_address=127.0.0.1")),
    State(name="trail-nothing_found", heading="Trail", arrive=_at("?person=nobody&tenant=nowhere")),
    State(name="trail-asked_wrongly", heading="Trail", arrive=_at("?since=soon&request=half")),
    State(name="trail-history", heading="Trail", arrive=_history),
    State(name="trail-change", heading="", arrive=_of_the_renaming("change/")),
    State(name="trail-event", heading="A person signed in", arrive=_event),
    State(name="trail-past", heading="", arrive=_of_the_renaming("point-in-time/before/")),
    State(name="trail-put_back", heading="Put back as it was", arrive=_of_the_renaming("restore/")),
    State(name="trail-models", heading="What the trail records", arrive=_at("models/")),
    State(name="trail-retention", heading="How long it is kept", arrive=_retention),
]
