"""Every page in every state that can be reached, and how somebody gets there: the stations of tests and photographs."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY as RECORDS
from django.conf import settings
from playwright.sync_api import expect

from accounts.cut_off import cut_off
from accounts.models import CutOff, Identity, Membership, Role, Session, Tenant, User
from accounts.sessions import SessionStore
from tenancy import site_context
from tests.browser.visitor import NAMES, NewVisitor, Visitor
from tests.support import claim_rules
from tests.support.authenticator import code
from tests.support.post import Post
from tests.support.stopping import stopped

PHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)
NEW_ADDRESS = "ada@new.example"
PROVE = "/accounts/reauthenticate/?next=/accounts/email/"
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


def at(path: str) -> Callable[[Visitor, NewVisitor], None]:
    """Somebody who is not signed in opens an address."""
    return lambda visitor, _: visitor.go(path)


def inside(path: str, *, persona: str = "ada", provider: str = "github") -> Callable[[Visitor, NewVisitor], None]:
    def arrive(visitor: Visitor, _: NewVisitor) -> None:
        visitor.comes_from(provider, persona)
        visitor.go(path)

    return arrive


def _locked(visitor: Visitor, _: NewVisitor) -> None:
    visitor.comes_from("github", "ada")
    visitor.go("/accounts/lock/")
    visitor.press("Lock my account")


def _left(visitor: Visitor, _: NewVisitor) -> None:
    visitor.comes_from("github", "ada")
    visitor.go("/accounts/logout/")
    visitor.confirm("Sign out")


def _left_there_too(visitor: Visitor, _: NewVisitor) -> None:
    visitor.comes_from("keycloak", "ada")
    visitor.go("/accounts/logout/")
    visitor.press("Also sign out at Keycloak")
    visitor.confirm("Sign out")


def _still_in_there(visitor: Visitor, _: NewVisitor) -> None:
    visitor.comes_from("keycloak", "ada")
    visitor.go("/accounts/logout/")
    visitor.press("Also sign out at Keycloak")
    with stopped(visitor.providers, "refuses"):
        visitor.confirm("Sign out")
        visitor.is_at("/accounts/login/")


def _by_address(typed: str = "") -> Callable[[Visitor, NewVisitor], None]:
    """The first page that asks for the address alone, or what it answers to one."""

    def arrive(visitor: Visitor, _: NewVisitor) -> None:
        settings.SIGN_IN_BY_ADDRESS = True  # undone with the address of the house
        visitor.go("/accounts/login/")
        if typed:
            visitor.page.get_by_label("E-mail address").fill(typed)
            visitor.page.locator("form.fields").evaluate("form => form.noValidate = true")
            visitor.press("Continue")

    return arrive


def _one_down(visitor: Visitor, _: NewVisitor) -> None:
    visitor.providers.set_fault("microsoft", "discovery_500")
    visitor.go("/accounts/microsoft/login/")
    visitor.press(f"Continue with {NAMES['microsoft']}")
    visitor.press("Use another sign-in method")


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
    visitor.comes_from("github", "ada")
    User.objects.update(is_active=False)
    visitor.page.context.clear_cookies()
    visitor.go("/accounts/login/")
    visitor.start("github")
    visitor.choose("ada")


def _locked_by_owner(visitor: Visitor, _: NewVisitor) -> None:
    visitor.comes_from("github", "ada")
    cut_off(User.objects.get(), by=CutOff.By.OWNER, close=True)
    visitor.page.context.clear_cookies()
    visitor.go("/accounts/login/")
    visitor.start("github")
    visitor.choose("ada")


def _clash(visitor: Visitor, new_visitor: NewVisitor) -> None:
    new_visitor().comes_from("google", "ada")
    visitor.go("/accounts/login/")
    visitor.start("keycloak")
    visitor.choose("ada")


def _taken(visitor: Visitor, new_visitor: NewVisitor) -> None:
    new_visitor().comes_from("google", "ada")
    visitor.comes_from("github", "grace")
    visitor.connect("google", "ada")


def _connected(*providers: str) -> Callable[[Visitor, NewVisitor], None]:
    def arrive(visitor: Visitor, _: NewVisitor) -> None:
        visitor.comes_from("github", "ada")
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


def two_devices(visitor: Visitor, new_visitor: NewVisitor) -> None:
    new_visitor(user_agent=PHONE).comes_from("github", "ada")
    Session.objects.update(
        created_at=datetime.now(UTC) - timedelta(days=20), last_seen_at=datetime.now(UTC) - timedelta(hours=30)
    )
    visitor.comes_from("github", "ada")
    visitor.go("/accounts/sessions/")


def _belonging(path: str, *names: str) -> Callable[[Visitor, NewVisitor], None]:
    """Somebody belongs to organizations: the first of them is where they are."""

    def arrive(visitor: Visitor, _: NewVisitor) -> None:
        visitor.comes_from("github", "ada")
        with site_context("a test lets somebody belong to tenants"):
            for days, (name, role) in enumerate(zip(names, ("owner", "member", "admin"), strict=False)):
                Membership.objects.create(
                    user=User.objects.get(),
                    tenant=Tenant.objects.create(name=name),
                    role=Role.objects.get(name=role),
                    created_at=datetime.now(UTC) - timedelta(days=400 - days),
                    is_primary=not days,
                )
        visitor.go(path)

    return arrive


def _menu_open(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _belonging("/accounts/", *ORGANIZATIONS)(visitor, new_visitor)
    visitor.page.locator("summary").press("Enter")


def _not_theirs(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _belonging("/accounts/organizations/", *ORGANIZATIONS)(visitor, new_visitor)
    with site_context("a test lets somebody leave"):
        Membership.objects.filter(is_primary=False).delete()
    visitor.press(f"Switch to {ORGANIZATIONS[1]}")


def _without_proof(visitor: Visitor, _: NewVisitor) -> None:
    visitor.go("/accounts/login/")
    visitor.page.context.clear_cookies()
    visitor.press("Continue with Google")


def _asked(address: str) -> Callable[[Visitor, NewVisitor], None]:
    """Somebody asks for another address; what is mailed to ``address`` is followed, if anything."""

    def arrive(visitor: Visitor, _: NewVisitor) -> None:
        visitor.comes_from("github", "ada")
        visitor.go("/accounts/email/")
        visitor.page.get_by_label("E-mail address").fill(NEW_ADDRESS)
        visitor.press("Send the link")
        if address:
            visitor.go(Post().link(address))

    return arrive


def _disowned(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _asked("ada@example.com")(visitor, new_visitor)
    visitor.press("It was not me: sign out every device")


def _asked_by_another(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _asked("")(new_visitor(), new_visitor)
    visitor.comes_from("github", "grace")
    visitor.go(Post().link(NEW_ADDRESS))


def _asked_elsewhere(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _asked("")(new_visitor(), new_visitor)
    visitor.go(Post().link(NEW_ADDRESS))


def _taken_meanwhile(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _asked(NEW_ADDRESS)(visitor, new_visitor)
    User.objects.create_user(name="Augusta", email=NEW_ADDRESS, email_verified=True)
    visitor.press("Use this address")


def _open(path: str) -> Callable[[Visitor, NewVisitor], None]:
    """Somebody opens an address of a house that is open to all."""

    def arrive(visitor: Visitor, _: NewVisitor) -> None:
        settings.LOCAL_ACCOUNTS = "open"  # undone with the address of the house
        visitor.go(path)

    return arrive


def _registering(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _open("/accounts/register/")(visitor, new_visitor)
    visitor.page.get_by_label("E-mail address").fill(NEW_ADDRESS)
    visitor.press("Send the link")


def _choosing(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _registering(visitor, new_visitor)
    visitor.go(Post().link(NEW_ADDRESS))


def _choosing_badly(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _choosing(visitor, new_visitor)
    visitor.page.get_by_label("Your name").fill("Ada Lovelace")
    visitor.page.get_by_label("Password").fill("password1234")
    visitor.press("Open the account")


def _wrong_password(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _open("/accounts/local/login/")(visitor, new_visitor)
    visitor.page.get_by_label("E-mail address or name").fill(NEW_ADDRESS)
    visitor.page.get_by_label("Password").fill("teapot gravel umbrella")
    visitor.confirm("Sign in")


def _forgetful(visitor: Visitor, new_visitor: NewVisitor) -> None:
    User.objects.create_user(name="Ada", email=NEW_ADDRESS, email_verified=True, password="teapot gravel umbrella")
    _open("/accounts/local/password-reset/")(visitor, new_visitor)
    visitor.page.get_by_label("E-mail address").fill(NEW_ADDRESS)
    visitor.press("Send the link")
    visitor.go(Post().link(NEW_ADDRESS))


def _claims_unread(visitor: Visitor, _: NewVisitor) -> None:
    claim_rules.rule("github", "organizations", "engineering")
    visitor.providers.set_fault("github", "organizations_forbidden")
    visitor.sign_in("github", "ada")


def _let_time_pass() -> None:
    long_ago = datetime.now(UTC) - timedelta(days=412)
    User.objects.update(created_at=long_ago)
    Identity.objects.filter(provider="github").update(created_at=long_ago)


ORGANIZATIONS = ("Analytical Engines", "The Royal Society for the Encouragement of Difference Engines & Looms", "Zuse")
LIST = "/accounts/organizations/"


def add_app(visitor: Visitor, button: str = "Add the app") -> str:
    """Type the code that the app would show of the secret on the page, and return that secret."""
    secret = visitor.page.locator(".secret").inner_text().replace(" ", "")
    visitor.page.get_by_label("Code").fill(code(secret))
    visitor.press(button)
    return secret


def _with_app(visitor: Visitor) -> str:
    """Add an authenticator app, and return its secret."""
    visitor.comes_from("github", "ada")
    visitor.go("/accounts/second-factor/authenticator/")
    secret = add_app(visitor)
    expect(visitor.page.get_by_role("heading", name="Save your recovery codes")).to_be_visible()
    return secret


def app_added(path: str = "") -> Callable[[Visitor, NewVisitor], None]:
    def arrive(visitor: Visitor, _: NewVisitor) -> None:
        _with_app(visitor)
        if path:
            visitor.go(path)

    return arrive


def _removing(visitor: Visitor, _: NewVisitor) -> None:
    _with_app(visitor)
    visitor.press("I have saved them")
    visitor.press("Remove Authenticator app")


def _wrong_code(visitor: Visitor, _: NewVisitor) -> None:
    visitor.comes_from("github", "ada")
    visitor.go("/accounts/second-factor/authenticator/")
    visitor.page.get_by_label("Code").fill("000000")
    visitor.press("Add the app")


def asked_for_factor(visitor: Visitor, _: NewVisitor) -> None:
    _with_app(visitor)
    visitor.page.context.clear_cookies()
    visitor.go("/accounts/login/")
    visitor.start("github")
    visitor.choose("ada")


def _wrong_factor(visitor: Visitor, new_visitor: NewVisitor) -> None:
    asked_for_factor(visitor, new_visitor)
    visitor.page.get_by_label("Code from your authenticator app").fill("000000")
    visitor.press("Go on")


def _braked(visitor: Visitor, new_visitor: NewVisitor) -> None:
    asked_for_factor(visitor, new_visitor)
    for _attempt in range(6):
        visitor.page.get_by_label("Code from your authenticator app").fill("000000")
        visitor.press("Go on")


def _needs_factor(visitor: Visitor, _: NewVisitor) -> None:
    visitor.comes_from("github", "ada")
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
    add_app(visitor)
    visitor.press("I have saved them")


def _local_password(visitor: Visitor, _: NewVisitor) -> None:
    User.objects.create_superuser(username="keeper", password="a lantern in the stairwell", name="Hildegard Keeper")
    visitor.go("/admin/")
    visitor.page.get_by_label("Username").fill("keeper")
    visitor.page.get_by_label("Password").fill("a lantern in the stairwell")
    visitor.press("Sign in")
    visitor.go("/accounts/reauthenticate/?next=/admin/")


def _mailed_a_code(visitor: Visitor, new_visitor: NewVisitor) -> None:
    inside(PROVE)(visitor, new_visitor)
    visitor.press("Mail me a code")


def _mistyped_a_code(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _mailed_a_code(visitor, new_visitor)
    visitor.page.get_by_label("Type the code").fill("1234 5678")
    visitor.press("Go on")


def _proven_long_ago(visitor: Visitor, new_visitor: NewVisitor) -> None:
    inside(PROVE)(visitor, new_visitor)
    session = SessionStore(visitor.key)
    session[RECORDS] = [{**record, "at": record["at"] - 700} for record in session[RECORDS]]
    session.save()
    visitor.go(PROVE)


STATES = [
    State(name="sign-in", heading="Vestibule", arrive=at("/accounts/login/")),
    State(name="sign-in-to_be_remembered", heading="Vestibule", arrive=at("/accounts/login/?remember=on")),
    State(name="sign-in-signed_out", heading="Vestibule", arrive=_left),
    State(name="sign-in-signed_out_there", heading="Vestibule", arrive=_left_there_too),
    State(
        name="sign-in-still_in_there",
        heading="Vestibule",
        arrive=_still_in_there,
    ),
    State(name="sign-in-by_address", heading="Vestibule", arrive=_by_address()),
    State(name="sign-in-by_address_malformed", heading="Vestibule", arrive=_by_address("ada")),
    State(name="sign-in-by_address_not_led_on", heading="Vestibule", arrive=_by_address("ada@example.com")),
    State(name="sign-in-provider_down", heading="Vestibule", arrive=_one_down),
    State(name="confirm-sign_in", heading="Sign in with GitHub?", arrive=at("/accounts/github/login/")),
    State(
        name="confirm-connect",
        heading="Connect Microsoft?",
        arrive=inside("/accounts/microsoft/login/?process=connect"),
    ),
    State(name="refusal-cancelled", heading="Sign-in cancelled", arrive=_cancelled),
    State(
        name="refusal-not_confirmed",
        heading="We could not confirm this with Microsoft",
        arrive=_faulty("microsoft", "iss_wrong"),
    ),
    State(name="refusal-no_answer", heading="GitHub has a problem", arrive=_faulty("github", "token_500")),
    State(name="refusal-switched_off", heading="Your account is switched off", arrive=_switched_off),
    State(name="refusal-locked_by_owner", heading="Your account is locked", arrive=_locked_by_owner),
    State(name="refusal-taken", heading="This already leads to another account", arrive=_taken),
    State(name="refusal-not_started", heading="Please start again", arrive=at("/accounts/google/login/callback/")),
    State(name="clash-one_account", heading="This address already has an account here", arrive=_clash),
    State(name="account-new", heading="Ada Lovelace", arrive=inside("/accounts/")),
    State(name="account-name", heading="Name", arrive=inside("/accounts/name/")),
    State(name="account-claims_unread", heading="Ada Lovelace", arrive=_claims_unread),
    State(name="account-lived_in", heading="Ada Lovelace", arrive=_lived_in),
    State(
        name="account-without_address",
        heading="Nemo Nobody",
        arrive=inside("/accounts/", persona="nemo", provider="keycloak"),
    ),
    State(
        name="account-markup",
        heading='=HYPERLINK("x") <b onmouseover=alert(1)>Bobby</b>',
        arrive=inside("/accounts/", persona="bobby"),
    ),
    State(
        name="account-two_directions",
        heading="Zoë Ångström-王小明 דבורה",
        arrive=inside("/accounts/", persona="zoe"),
    ),
    State(name="account-in_one", heading="Ada Lovelace", arrive=_belonging("/accounts/", ORGANIZATIONS[0])),
    State(name="account-in_several", heading="Ada Lovelace", arrive=_belonging("/accounts/", *ORGANIZATIONS)),
    State(name="account-menu_open", heading="Ada Lovelace", arrive=_menu_open),
    State(name="organizations-none", heading="Organizations", arrive=inside(LIST)),
    State(name="organizations-one", heading="Organizations", arrive=_belonging(LIST, ORGANIZATIONS[0])),
    State(name="organizations-several", heading="Organizations", arrive=_belonging(LIST, *ORGANIZATIONS)),
    State(name="organizations-refused", heading="You do not belong there", arrive=_not_theirs),
    State(name="ways_in-only_one", heading="Sign-in methods", arrive=_connected()),
    State(name="ways_in-two", heading="Sign-in methods", arrive=_connected("google")),
    State(name="ways_in-all", heading="Sign-in methods", arrive=_connected("google", "microsoft", "keycloak")),
    State(name="ways_in-disconnected", heading="Sign-in methods", arrive=_disconnected),
    State(
        name="fresh-connecting",
        heading="Confirm that it is you",
        arrive=inside("/accounts/reauthenticate/?next=/accounts/connections/"),
    ),
    State(name="fresh-mailed_code", heading="Confirm that it is you", arrive=_mailed_a_code),
    State(name="fresh-wrong_code", heading="Confirm that it is you", arrive=_mistyped_a_code),
    State(name="fresh-in_two_steps", heading="Confirm that it is you", arrive=_proven_long_ago),
    State(name="fresh-keycloak", heading="Confirm that it is you", arrive=inside(PROVE, provider="keycloak")),
    State(
        name="fresh-sign_in_is_enough",
        heading="Confirm that it is you",
        arrive=inside(PROVE, persona="nemo"),
    ),
    State(name="fresh-password", heading="Confirm that it is you", arrive=_local_password),
    State(
        name="fresh-factor",
        heading="Confirm that it is you",
        arrive=app_added("/accounts/reauthenticate/?next=/accounts/connections/"),
    ),
    State(name="factor-none", heading="Second factor", arrive=inside("/accounts/second-factor/")),
    State(name="factor-app", heading="Second factor", arrive=app_added("/accounts/second-factor/")),
    State(name="factor-kept", heading="Second factor", arrive=_keeps_last),
    State(
        name="factor-add_app",
        heading="Add an authenticator app",
        arrive=inside("/accounts/second-factor/authenticator/"),
    ),
    State(name="factor-add_app_wrong", heading="Add an authenticator app", arrive=_wrong_code),
    State(
        name="factor-add_app_another",
        heading="Replace your authenticator app",
        arrive=app_added("/accounts/second-factor/authenticator/"),
    ),
    State(name="factor-add_passkey", heading="Add a passkey", arrive=inside("/accounts/second-factor/passkey/")),
    State(name="factor-recovery_codes", heading="Save your recovery codes", arrive=app_added()),
    State(
        name="factor-renew_recovery_codes",
        heading="Make new recovery codes?",
        arrive=app_added("/accounts/second-factor/recovery-codes/"),
    ),
    State(name="factor-remove", heading="Remove Authenticator app?", arrive=_removing),
    State(name="factor-asked", heading="Second step", arrive=asked_for_factor),
    State(name="factor-asked_wrong", heading="Second step", arrive=_wrong_factor),
    State(name="factor-needed", heading="Add a second factor first", arrive=_needs_factor),
    State(name="error-429", heading="Too many attempts", arrive=_braked),
    State(name="disconnect-asked", heading="Disconnect Google?", arrive=_disconnecting),
    State(name="own_data", heading="Your data", arrive=inside("/accounts/data/")),
    State(name="api_keys-none", heading="API keys", arrive=inside("/accounts/keys/")),
    State(name="api_keys-create", heading="Create an API key", arrive=inside("/accounts/keys/create/")),
    State(name="devices-only_here", heading="Devices", arrive=inside("/accounts/sessions/")),
    State(name="devices-two", heading="Devices", arrive=two_devices),
    State(name="lock-asked", heading="Lock your account?", arrive=inside("/accounts/lock/")),
    State(name="lock-done", heading="Your account is locked", arrive=_locked),
    State(name="address-asked", heading="E-mail address", arrive=_asked("")),
    State(name="address-confirm", heading="Use this address?", arrive=_asked(NEW_ADDRESS)),
    State(name="address-not_signed_in", heading="Sign in to continue", arrive=_asked_elsewhere),
    State(name="address-of_another", heading="This link is for another account", arrive=_asked_by_another),
    State(name="address-taken", heading="Another account has this address", arrive=_taken_meanwhile),
    State(name="address-disown", heading="Was this not you?", arrive=_asked("ada@example.com")),
    State(name="address-disowned", heading="Every device is signed out", arrive=_disowned),
    State(name="link-over", heading="This link no longer works", arrive=at(f"/accounts/links/{'a' * 43}/")),
    State(name="sign-in-local_accounts", heading="Vestibule", arrive=_open("/accounts/login/")),
    State(name="local-sign_in", heading="Sign in", arrive=_open("/accounts/local/login/")),
    State(name="local-passkey", heading="Sign in with a passkey", arrive=_open("/accounts/local/passkey/")),
    State(name="local-wrong_password", heading="Sign in", arrive=_wrong_password),
    State(name="local-register", heading="Register", arrive=_open("/accounts/register/")),
    State(name="local-mailed", heading="Check your e-mail", arrive=_registering),
    State(name="local-choose", heading="Your new account", arrive=_choosing),
    State(name="local-choose_badly", heading="Your new account", arrive=_choosing_badly),
    State(name="local-forgotten", heading="Choose a new password", arrive=_open("/accounts/local/password-reset/")),
    State(name="local-new_password", heading="Choose a new password", arrive=_forgetful),
    State(name="sign-out-there_too", heading="Sign out?", arrive=inside("/accounts/logout/", provider="keycloak")),
    State(
        name="sign-out-there_too_chosen",
        heading="Sign out?",
        arrive=inside("/accounts/logout/?there_too=on", provider="keycloak"),
    ),
    State(name="sign-out-asked", heading="Sign out?", arrive=inside("/accounts/logout/")),
    State(name="app-sign_out_asked", heading="Sign out?", arrive=inside("/oauth/logout")),
    State(name="app-signed_out", heading="You are signed out", arrive=at("/oauth/logout")),
    State(name="app-sign_out_refused", heading="This app cannot sign you out", arrive=at("/oauth/logout?client_id=x")),
    State(
        name="error-400",
        heading="We could not read that request",
        arrive=at("/accounts/login/?" + "&".join("a" * 1001)),
    ),
    State(name="error-403_csrf", heading="This page has expired", arrive=_without_proof),
    State(name="api-documentation", heading="API", arrive=at("/api/docs")),
    State(name="api-problem", heading="The caller may not do this", arrive=at("/api/problems/forbidden")),
    State(name="host-unknown", heading="We do not know this page", arrive=at("/oauth/admission")),
    State(name="error-404", heading="There is no page here", arrive=at("/no/such/page/")),
]
