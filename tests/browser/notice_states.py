"""What a page says above everything else: what was done, why a session ended, what a person should see to."""

from accounts.cut_off import cut_off
from accounts.models import CutOff, User
from providers.models import TokenHealth, UpstreamTokens
from tests.browser.states import State, add_app, asked_for_factor, at, two_devices
from tests.browser.visitor import NewVisitor, Visitor
from tests.flows.test_following_upstream import asked, sid_of

LONG = "/accounts/?why=" + "a" * 3000


def _ended_there(visitor: Visitor, _: NewVisitor) -> None:
    """Their session at Keycloak is over, and this site has asked and knows it."""
    visitor.comes_from("keycloak", "ada")
    visitor.providers.world.grants.revoke_session(sid_of(User.objects.get()))
    asked()
    visitor.go("/accounts/")


def _named_here(visitor: Visitor, _: NewVisitor) -> None:
    visitor.comes_from("github", "ada")
    visitor.go("/accounts/name/")
    visitor.page.get_by_label("Your name").fill("Augusta Ada King")
    visitor.press("Save the name")
    visitor.go("/accounts/name/")


def _name_saved(visitor: Visitor, _: NewVisitor) -> None:
    visitor.comes_from("github", "ada")
    visitor.go("/accounts/name/")
    visitor.press("Save the name")
    visitor.is_at("/accounts/")


def _ended_meanwhile(visitor: Visitor, new_visitor: NewVisitor) -> None:
    """An administrator ends everything of theirs while they look for the code."""
    asked_for_factor(visitor, new_visitor)
    cut_off(User.objects.get(), by=CutOff.By.COMMAND, close=False)
    visitor.page.get_by_label("Code from your authenticator app").fill("000000")
    visitor.press("Go on")


def _app_replaced(visitor: Visitor, _: NewVisitor) -> None:
    visitor.comes_from("github", "ada")
    visitor.go("/accounts/second-factor/authenticator/")
    add_app(visitor)
    visitor.press("I have saved them")
    visitor.go("/accounts/second-factor/authenticator/")
    add_app(visitor, "Replace the app")


def _signed_out_there(visitor: Visitor, new_visitor: NewVisitor) -> None:
    two_devices(visitor, new_visitor)
    visitor.press("Sign out all other devices")


def _by_sign_in_alone(visitor: Visitor, _: NewVisitor) -> None:
    """Nobody without an address and a second factor has more to show than their sign-in."""
    visitor.go("/accounts/login/")
    visitor.start("github")
    visitor.choose("nemo")
    visitor.go("/accounts/second-factor/authenticator/")
    add_app(visitor)
    visitor.go("/accounts/")


def _tokens_over(visitor: Visitor, _: NewVisitor) -> None:
    visitor.comes_from("keycloak", "ada")
    UpstreamTokens.objects.update(health=TokenHealth.DEAD)
    visitor.go("/accounts/connections/")


def _older_tab(visitor: Visitor, _: NewVisitor) -> None:
    """A button of a page that was opened before somebody came in is pressed afterwards."""
    visitor.comes_from("github", "ada")
    visitor.go("/accounts/logout/")
    visitor.page.locator("main form input[name=csrfmiddlewaretoken]").evaluate(
        "(one) => { one.value = 'a'.repeat(64) }"
    )
    visitor.confirm("Sign out")


def _posted_to_a_page(visitor: Visitor, _: NewVisitor) -> None:
    visitor.comes_from("github", "ada")
    visitor.go("/accounts/logout/")
    visitor.page.locator("main form[method=post]").evaluate("(one) => { one.action = '/accounts/sessions/' }")
    visitor.confirm("Sign out")


NOTICE_STATES = [
    State(name="sign-in-ended_there", heading="Vestibule", arrive=_ended_there),
    State(
        name="sign-in-revoked_meanwhile",
        heading="Vestibule",
        arrive=_ended_meanwhile,
    ),
    State(name="sign-in-another_account", heading="Vestibule", arrive=at("/accounts/login/?account=another")),
    State(name="sign-in-page_too_long", heading="Vestibule", arrive=at(f"/accounts/login/?next={LONG}")),
    State(name="account-name_saved", heading="Ada Lovelace", arrive=_name_saved),
    State(name="account-name_own", heading="Name", arrive=_named_here),
    State(name="account-by_sign_in_alone", heading="Nemo Nobody", arrive=_by_sign_in_alone),
    State(name="ways_in-tokens_over", heading="Sign-in methods", arrive=_tokens_over),
    State(
        name="factor-replaced",
        heading="Second factor",
        arrive=_app_replaced,
    ),
    State(name="devices-ended", heading="Devices", arrive=_signed_out_there),
    State(
        name="error-403_csrf_signed_in",
        heading="You signed in since this page was opened",
        arrive=_older_tab,
    ),
    State(
        name="error-405",
        heading="This address does not work like that",
        arrive=_posted_to_a_page,
    ),
]
