"""The pages of a reference: found, of nothing, and asking before a refused identity is led to its account."""

from collections.abc import Callable

from accounts.models import User
from providers.models import RefusedIdentity
from tests.browser.states import State
from tests.browser.visitor import NewVisitor, Visitor
from tests.flows.test_made_anew import FIND, made_anew
from tests.proven import proven


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


REFERENCE_STATES = [
    State(name="reference-found", heading="Find by reference", arrive=_at("?reference={0}")),
    State(name="reference-of_nothing", heading="Find by reference", arrive=_at("?reference=AAAA-22")),
    State(name="reference-leading", heading="Lead this identity to this account?", arrive=_at("{0}/lead/")),
]
