"""The pages of a reference: found, of nothing, and asking before a refused identity is led to its account."""

from collections.abc import Callable

from accounts.models import User
from providers.models import RefusedIdentity
from tests.browser.states import State
from tests.browser.visitor import NewVisitor, Visitor
from tests.flows.test_made_anew import FIND, made_anew
from tests.support.proven import proven


def _at(path: str) -> Callable[[Visitor, NewVisitor], None]:
    """Be an administrator at a page of the reference under which Ada, made anew, was refused."""

    def arrive(visitor: Visitor, new_visitor: NewVisitor) -> None:
        new_visitor().sign_in("keycloak", "ada")
        made_anew(visitor.providers)
        anew = new_visitor()
        anew.go("/accounts/login/")
        anew.start("keycloak")
        anew.choose("ada-anew")
        anew.reads("This address already has an account here")
        visitor.goes_on_as(proven(User.objects.create_superuser(username="house-keeper", name="Hildegard Keeper")))
        visitor.go(FIND + path.format(RefusedIdentity.objects.get().reference))

    return arrive


def _led(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _at("{0}/connect/")(visitor, new_visitor)
    reference = RefusedIdentity.objects.get().reference
    visitor.page.get_by_label("How did you make sure").fill("Met at the front desk")
    visitor.press("Connect this identity to this account")
    visitor.go(f"{FIND}?reference={reference}")


def _without_reason(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _at("{0}/connect/")(visitor, new_visitor)
    visitor.page.get_by_label("How did you make sure").fill(" ")
    visitor.press("Connect this identity to this account")


def _claims_open(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _at("?reference={0}")(visitor, new_visitor)
    visitor.page.locator("main summary, #content summary").press("Enter")


def _refused_list(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _at("")(visitor, new_visitor)
    visitor.go("/admin/providers/refusedidentity/")


REFERENCE_STATES = [
    State(name="reference-found", heading="Find by reference", arrive=_at("?reference={0}")),
    State(name="reference-of_nothing", heading="Find by reference", arrive=_at("?reference=AAAA-22")),
    State(name="reference-that_is_none", heading="Find by reference", arrive=_at("?reference=front+desk")),
    State(name="reference-claims_open", heading="Find by reference", arrive=_claims_open),
    State(name="reference-leading", heading="Connect this identity to this account?", arrive=_at("{0}/connect/")),
    State(
        name="reference-leading_without_reason",
        heading="Connect this identity to this account?",
        arrive=_without_reason,
    ),
    State(name="reference-led", heading="Find by reference", arrive=_led),
    State(name="reference-refused_list", heading="", arrive=_refused_list),
]
