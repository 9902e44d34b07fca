"""Every page in every state that can be reached, and how somebody gets there: the stations of tests and photographs."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from playwright.sync_api import expect

from accounts.models import Identity, Session, User
from tests.authenticator import code
from tests.browser.visitor import NAMES, NewVisitor, Visitor

PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)
DESK = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"


@dataclass(frozen=True, kw_only=True)
class State:
    """A page in one state; ``arrive`` brings a visitor there, with the help of others where it takes some.

    Without a ``heading`` the page may be called as it likes.
    """

    name: str
    heading: str
    arrive: Callable[[Visitor, NewVisitor], None]


def reach(state: State, new_visitor: NewVisitor, **options: Any) -> Visitor:
    """Let a new visitor come to a state, and see that it is that state indeed."""
    visitor = new_visitor(**{"user_agent": DESK} | options)
    state.arrive(visitor, new_visitor)
    expect(visitor.page.get_by_role("heading", level=1)).to_have_text(state.heading or re.compile("."))
    return visitor


def _at(path: str) -> Callable[[Visitor, NewVisitor], None]:
    """Somebody who is not signed in opens an address."""
    return lambda visitor, _: visitor.go(path)


def _inside(path: str, *, persona: str = "ada", provider: str = "github") -> Callable[[Visitor, NewVisitor], None]:
    def arrive(visitor: Visitor, _: NewVisitor) -> None:
        visitor.sign_in(provider, persona)
        visitor.go(path)

    return arrive


def _left(visitor: Visitor, _: NewVisitor) -> None:
    visitor.sign_in("github", "ada")
    visitor.go("/accounts/logout/")
    visitor.confirm("Sign out")


def _one_down(visitor: Visitor, _: NewVisitor) -> None:
    visitor.providers.set_fault("microsoft", "discovery_500")
    visitor.go("/accounts/microsoft/login/")
    visitor.press(f"Continue with {NAMES['microsoft']}")
    visitor.press("Use another way in")


def _cancelled(visitor: Visitor, _: NewVisitor) -> None:
    visitor.cancel("google")


def _faulty(provider: str, fault: str) -> Callable[[Visitor, NewVisitor], None]:
    def arrive(visitor: Visitor, _: NewVisitor) -> None:
        visitor.go("/accounts/login/")
        visitor.start(provider)
        visitor.providers.set_fault(provider, fault)
        visitor.choose("ada")

    return arrive


def _switched_off(visitor: Visitor, _: NewVisitor) -> None:
    visitor.sign_in("github", "ada")
    User.objects.update(is_active=False)
    visitor.page.context.clear_cookies()
    visitor.go("/accounts/login/")
    visitor.start("github")
    visitor.choose("ada")


def _clash(visitor: Visitor, new_visitor: NewVisitor) -> None:
    new_visitor().sign_in("google", "ada")
    visitor.go("/accounts/login/")
    visitor.start("keycloak")
    visitor.choose("ada")


def _taken(visitor: Visitor, new_visitor: NewVisitor) -> None:
    new_visitor().sign_in("google", "ada")
    visitor.sign_in("github", "grace")
    visitor.connect("google", "ada")


def _connected(*providers: str) -> Callable[[Visitor, NewVisitor], None]:
    def arrive(visitor: Visitor, _: NewVisitor) -> None:
        visitor.sign_in("github", "ada")
        for provider in providers:
            visitor.connect(provider, "ada")
        _let_time_pass()
        visitor.go("/accounts/connections/")

    return arrive


def _lived_in(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _connected("google")(visitor, new_visitor)
    visitor.go("/accounts/")


def _disconnecting(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _connected("google")(visitor, new_visitor)
    visitor.press("Disconnect Google ada@example.com")


def _disconnected(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _disconnecting(visitor, new_visitor)
    visitor.press("Disconnect")


def _two_devices(visitor: Visitor, new_visitor: NewVisitor) -> None:
    new_visitor(user_agent=PHONE).sign_in("github", "ada")
    Session.objects.update(
        created_at=datetime.now(UTC) - timedelta(days=20), last_seen_at=datetime.now(UTC) - timedelta(hours=30)
    )
    visitor.sign_in("github", "ada")
    visitor.go("/accounts/sessions/")


def _without_proof(visitor: Visitor, _: NewVisitor) -> None:
    visitor.go("/accounts/login/")
    visitor.page.context.clear_cookies()
    visitor.press("Continue with Google")


def _let_time_pass() -> None:
    long_ago = datetime.now(UTC) - timedelta(days=412)
    User.objects.update(created_at=long_ago)
    Identity.objects.filter(provider="github").update(created_at=long_ago)


def _with_app(visitor: Visitor) -> str:
    """Add an authenticator app, and return its secret."""
    visitor.sign_in("github", "ada")
    visitor.go("/accounts/second-factor/app/")
    secret = visitor.page.locator(".secret").inner_text().replace(" ", "")
    visitor.page.get_by_label("Code").fill(code(secret))
    visitor.press("Add the app")
    expect(visitor.page.get_by_role("heading", name="Keep these recovery codes")).to_be_visible()
    return secret


def _app_added(path: str = "") -> Callable[[Visitor, NewVisitor], None]:
    def arrive(visitor: Visitor, _: NewVisitor) -> None:
        _with_app(visitor)
        if path:
            visitor.go(path)

    return arrive


def _removing(visitor: Visitor, _: NewVisitor) -> None:
    _with_app(visitor)
    visitor.press("I have kept them")
    visitor.press("Remove Authenticator app")


def _wrong_code(visitor: Visitor, _: NewVisitor) -> None:
    visitor.sign_in("github", "ada")
    visitor.go("/accounts/second-factor/app/")
    visitor.page.get_by_label("Code").fill("000000")
    visitor.press("Add the app")


def _asked_for_factor(visitor: Visitor, _: NewVisitor) -> None:
    _with_app(visitor)
    visitor.page.context.clear_cookies()
    visitor.go("/accounts/login/")
    visitor.start("github")
    visitor.choose("ada")


def _wrong_factor(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _asked_for_factor(visitor, new_visitor)
    visitor.page.get_by_label("Code from your authenticator app").fill("000000")
    visitor.press("Go on")


def _braked(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _asked_for_factor(visitor, new_visitor)
    for _attempt in range(6):
        visitor.page.get_by_label("Code from your authenticator app").fill("000000")
        visitor.press("Go on")


def _needs_factor(visitor: Visitor, _: NewVisitor) -> None:
    visitor.sign_in("github", "ada")
    User.objects.update(second_factor_required=True)
    visitor.page.context.clear_cookies()
    visitor.go("/accounts/login/")
    visitor.start("github")
    visitor.choose("ada")


def _keeps_last(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _needs_factor(visitor, new_visitor)
    _with_app_of_waiting(visitor)
    visitor.go("/accounts/second-factor/")


def _with_app_of_waiting(visitor: Visitor) -> None:
    visitor.press("Add an authenticator app")
    visitor.page.get_by_label("Code").fill(code(visitor.page.locator(".secret").inner_text().replace(" ", "")))
    visitor.press("Add the app")
    visitor.press("I have kept them")


def _local_password(visitor: Visitor, _: NewVisitor) -> None:
    User.objects.create_superuser(username="keeper", password="a lantern in the stairwell", name="Hildegard Keeper")
    visitor.go("/admin/")
    visitor.page.get_by_label("Local name").fill("keeper")
    visitor.page.get_by_label("Password").fill("a lantern in the stairwell")
    visitor.press("Sign in")
    visitor.go("/accounts/prove/?next=/admin/")


STATES = [
    State(name="sign-in", heading="Vestibule", arrive=_at("/accounts/login/")),
    State(name="sign-in-signed_out", heading="Vestibule", arrive=_left),
    State(name="sign-in-provider_down", heading="Vestibule", arrive=_one_down),
    State(name="confirm-sign_in", heading="Sign in with GitHub?", arrive=_at("/accounts/github/login/")),
    State(
        name="confirm-connect",
        heading="Connect Microsoft?",
        arrive=_inside("/accounts/microsoft/login/?process=connect"),
    ),
    State(name="refusal-cancelled", heading="You turned back", arrive=_cancelled),
    State(
        name="refusal-not_confirmed",
        heading="We could not confirm this with Microsoft",
        arrive=_faulty("microsoft", "iss_wrong"),
    ),
    State(name="refusal-no_answer", heading="GitHub is not answering", arrive=_faulty("github", "token_500")),
    State(name="refusal-switched_off", heading="Your account is switched off", arrive=_switched_off),
    State(name="refusal-taken", heading="This already leads to another account", arrive=_taken),
    State(name="refusal-not_started", heading="Please start again", arrive=_at("/accounts/google/login/callback/")),
    State(name="clash-one_account", heading="This address already has an account here", arrive=_clash),
    State(name="account-new", heading="Ada Lovelace", arrive=_inside("/accounts/")),
    State(name="account-lived_in", heading="Ada Lovelace", arrive=_lived_in),
    State(
        name="account-without_address",
        heading="Nemo Nobody",
        arrive=_inside("/accounts/", persona="nemo", provider="keycloak"),
    ),
    State(
        name="account-markup",
        heading='=HYPERLINK("x") <b onmouseover=alert(1)>Bobby</b>',
        arrive=_inside("/accounts/", persona="bobby"),
    ),
    State(
        name="account-two_directions",
        heading="Zoë Ångström-王小明 דבורה",
        arrive=_inside("/accounts/", persona="zoe"),
    ),
    State(name="ways_in-only_one", heading="Ways in", arrive=_connected()),
    State(name="ways_in-two", heading="Ways in", arrive=_connected("google")),
    State(name="ways_in-all", heading="Ways in", arrive=_connected("google", "microsoft", "keycloak")),
    State(name="ways_in-disconnected", heading="Ways in", arrive=_disconnected),
    State(
        name="fresh-connecting",
        heading="Please show that it is you",
        arrive=_inside("/accounts/prove/?next=/accounts/connections/"),
    ),
    State(name="fresh-password", heading="Please show that it is you", arrive=_local_password),
    State(
        name="fresh-factor",
        heading="Please show that it is you",
        arrive=_app_added("/accounts/prove/?next=/accounts/connections/"),
    ),
    State(name="factor-none", heading="Second factor", arrive=_inside("/accounts/second-factor/")),
    State(name="factor-app", heading="Second factor", arrive=_app_added("/accounts/second-factor/")),
    State(name="factor-kept", heading="Second factor", arrive=_keeps_last),
    State(name="factor-add_app", heading="Add an authenticator app", arrive=_inside("/accounts/second-factor/app/")),
    State(name="factor-add_app_wrong", heading="Add an authenticator app", arrive=_wrong_code),
    State(
        name="factor-add_app_another",
        heading="Add an authenticator app",
        arrive=_app_added("/accounts/second-factor/app/"),
    ),
    State(name="factor-add_passkey", heading="Add a passkey", arrive=_inside("/accounts/second-factor/passkey/")),
    State(name="factor-recovery_codes", heading="Keep these recovery codes", arrive=_app_added()),
    State(
        name="factor-renew_recovery_codes",
        heading="Make new recovery codes?",
        arrive=_app_added("/accounts/second-factor/recovery-codes/"),
    ),
    State(name="factor-remove", heading="Remove Authenticator app?", arrive=_removing),
    State(name="factor-asked", heading="And your second factor", arrive=_asked_for_factor),
    State(name="factor-asked_wrong", heading="And your second factor", arrive=_wrong_factor),
    State(name="factor-needed", heading="Add a second factor first", arrive=_needs_factor),
    State(name="error-429", heading="That was too often in a short time", arrive=_braked),
    State(name="disconnect-asked", heading="Disconnect Google?", arrive=_disconnecting),
    State(name="devices-only_here", heading="Devices", arrive=_inside("/accounts/sessions/")),
    State(name="devices-two", heading="Devices", arrive=_two_devices),
    State(name="sign-out-asked", heading="Sign out?", arrive=_inside("/accounts/logout/")),
    State(
        name="error-400",
        heading="We could not read that request",
        arrive=_at("/accounts/login/?" + "&".join("a" * 1001)),
    ),
    State(name="error-403_csrf", heading="This page was open for too long", arrive=_without_proof),
    State(name="error-404", heading="There is no page here", arrive=_at("/no/such/page/")),
]
