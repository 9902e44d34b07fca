"""What administrators do upon one row, such as resetting second factors or withdrawing a signing key."""

from collections.abc import Callable

from accounts.models import Tenant, User
from accounts.sign_in.factors import totp
from authserver.keys import ring
from authserver.models import SigningAlgorithm
from tenancy import site_context
from tests.browser.admin_states import sign_in_and_furnish
from tests.browser.states import State
from tests.browser.visitor import NewVisitor, Visitor


def _with_app(visitor: Visitor) -> User:
    """Somebody has an authenticator app with its recovery codes, and a superuser is at the admin."""
    sign_in_and_furnish(visitor)
    person = User.objects.get(email="ada@example.com")
    totp.add(person, totp.new_secret(), 0)
    return person


def _at(path: str) -> Callable[[Visitor, NewVisitor], None]:
    def arrive(visitor: Visitor, _: NewVisitor) -> None:
        person = _with_app(visitor)
        visitor.go(f"/admin/accounts/user/{person.pk}/{path}/")

    return arrive


def _pressed_without_reason(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _at("reset-factors")(visitor, new_visitor)
    visitor.page.get_by_label("Why?").fill(" ")
    visitor.press("Remove all")


def _reset(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _at("reset-factors")(visitor, new_visitor)
    visitor.page.get_by_label("Why?").fill("The telephone was lost; met at the front desk")
    visitor.press("Remove all")


def _reset_already(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _reset(visitor, new_visitor)
    person = User.objects.get(email="ada@example.com")
    visitor.go(f"/admin/accounts/user/{person.pk}/reset-factors/")


def _deleting_tenant(visitor: Visitor, _: NewVisitor) -> None:
    sign_in_and_furnish(visitor)
    with site_context("a test looks for a tenant"):
        tenant = Tenant.objects.get(slug="harbour")
    visitor.go(f"/admin/accounts/tenant/{tenant.pk}/delete/")


def _withdrawing_key(visitor: Visitor, _: NewVisitor) -> None:
    sign_in_and_furnish(visitor)
    visitor.go(f"/admin/authserver/tokensigningkey/{ring.current().signer(SigningAlgorithm.RS256).kid}/withdraw/")


def _at_signing_key(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _withdrawing_key(visitor, new_visitor)
    visitor.page.get_by_role("link", name="Cancel").click()


UPON_PERSON_STATES = [
    State(name="admin-tokensigningkey_page", heading="", arrive=_at_signing_key),
    State(name="admin-tokensigningkey_withdraw", heading="Withdraw this signing key?", arrive=_withdrawing_key),
    State(name="admin-user_with_factors", heading="", arrive=_at("change")),
    State(name="admin-user_reset_factors", heading="Remove all second factors?", arrive=_at("reset-factors")),
    State(
        name="admin-user_reset_factors_without_reason",
        heading="Remove all second factors?",
        arrive=_pressed_without_reason,
    ),
    State(name="admin-user_reset_factors_done", heading="", arrive=_reset),
    State(name="admin-user_reset_factors_none", heading="", arrive=_reset_already),
    State(name="admin-user_explain", heading="What Ada Lovelace may do in the API", arrive=_at("explain")),
    State(name="admin-tenant_delete", heading="", arrive=_deleting_tenant),
]
