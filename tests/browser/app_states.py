"""What people see when an app sends them here, connects a device or acts for them: each page in every state."""

from collections.abc import Callable
from typing import Any

from django.test import Client as Browser

from accounts.models import Membership, Role, Tenant, User
from authserver.models import GrantType, RegisteredScope, Resource
from authserver.services import issuing
from tenancy import person_context, site_context
from tests.browser.states import State, at, inside
from tests.browser.visitor import NewVisitor, Visitor
from tests.support import apps, authorized
from tests.support.oauth import basic, registered, token_request
from tests.support.proven import proven

LONG = "Harbour master's ledger of berths, tides and tonnage for the whole northern coast and its tiny isles"
ARABIC = "شركة النور للملاحة"
OWN_SCOPES = {
    "berths:read": "see which berths are taken, and by whom",
    "berths:write": "assign berths and move ships",
    "invoices:read": "read your invoices",
    "invoices:write": "write invoices in your name",
}
EVERYTHING = [*apps.SCOPES, *OWN_SCOPES]
BERTHS = "https://api.harbour.example/berths/"


def _ada(**chosen: Any) -> User:
    return User.objects.create_user(
        **{"name": "Ada Lovelace", "email": "ada@example.com", "email_verified": True, **chosen}
    )


def _organization(name: str, *people: User) -> Tenant:
    with site_context("a test builds an organization"):
        tenant = Tenant.objects.create(name=name)
        for person in people:
            role = Role.objects.get(name="member")
            Membership.objects.create(user=person, tenant=tenant, role=role, is_primary=True)
    return tenant


def _furnish() -> None:
    with site_context("a test registers scopes and a resource server"):
        for name, description in OWN_SCOPES.items():
            RegisteredScope.objects.get_or_create(name=name, defaults={"description": description})
        Resource.objects.get_or_create(identifier=BERTHS, defaults={"name": "Berths"})


def _asked(scope: str, *, of: str = "", person: str = "Ada Lovelace", **chosen: Any) -> Callable[..., None]:
    """Be asked by an app, of an organization if it is given, for consent to these scopes."""

    def arrive(visitor: Visitor, _: NewVisitor) -> None:
        _furnish()
        ada = _ada(name=person)
        tenant = _organization(of, ada) if of else None
        usual = {"is_first_party": False, "scopes": EVERYTHING, "resources": [BERTHS], "tenant": tenant}
        app = apps.app(**{**usual, **chosen})
        visitor.goes_on_as(proven(ada))
        visitor.go(app.url(scope=scope, **({"resource": BERTHS} if "berths" in scope else {})))

    return arrive


def _for_another(visitor: Visitor, _: NewVisitor) -> None:
    ada, grace = _ada(), _ada(name="Grace Hopper", email="grace@example.com")
    app = apps.app()
    hint = app.tokens(proven(grace))["id_token"]
    visitor.goes_on_as(proven(ada))
    visitor.go(app.url(id_token_hint=hint))


def _onward(visitor: Visitor, _: NewVisitor) -> None:
    """Be on the page that leads back to an app, which answers that there is nothing to show (204)."""
    visitor.page.route(f"{apps.CALLBACK}**", lambda route: route.fulfill(status=204))
    visitor.goes_on_as(proven(_ada()))
    with visitor.page.expect_response(lambda response: response.url.startswith(apps.CALLBACK)):
        visitor.go(apps.app().url(asked_at="1"))


def _form_post(visitor: Visitor, _: NewVisitor) -> None:
    """Be on the page with the form for an app, which waits for the person, because its script does nothing."""
    visitor.page.route("**/js/submit.js", lambda route: route.fulfill(content_type="text/javascript", body=""))
    visitor.goes_on_as(proven(_ada()))
    visitor.go(apps.app().url(response_mode="form_post"))


def _leaving(visitor: Visitor, _: NewVisitor) -> None:
    """Be asked whether to sign out here too, by an app with a long name."""
    client = apps.app(name=LONG).client
    visitor.goes_on_as(proven(_ada()))
    visitor.go(f"/oauth/logout?client_id={client.client_id}")


def _refused(**changed: str) -> Callable[..., None]:
    def arrive(visitor: Visitor, _: NewVisitor) -> None:
        visitor.goes_on_as(proven(_ada()))
        visitor.go(apps.app(name="Harbour log").url(**changed))

    return arrive


def _device(*presses: str, scope: str = "openid email offline_access") -> Callable[..., None]:
    """Enter the code of a television, and press these buttons."""

    def arrive(visitor: Visitor, _: NewVisitor) -> None:
        grants = [GrantType.DEVICE_CODE, GrantType.REFRESH_TOKEN]
        client, secret = registered(name="Television", grants=grants, scopes=list(apps.SCOPES))
        auth = basic(client.client_id, secret)
        begun: Any = token_request(Browser(), {"scope": scope}, auth, path="/oauth/device")
        visitor.goes_on_as(proven(_ada()))
        visitor.go(f"/oauth/device?user_code={begun.json()['user_code']}")
        for name in presses:
            visitor.confirm(name)

    return arrive


def _mistyped(visitor: Visitor, _: NewVisitor) -> None:
    visitor.goes_on_as(proven(_ada()))
    visitor.go("/oauth/device")
    visitor.page.get_by_label("Code").fill("BCDF-GHJK")
    visitor.confirm("Continue")


def _connected(visitor: Visitor, _: NewVisitor) -> None:
    """Have two apps, of which one has a long name, and one a name that is written from right to left."""
    _furnish()
    ada = _ada()
    for name, scopes in ((LONG, EVERYTHING), (ARABIC, ("openid", "email")), ("Harbour", ("openid",))):
        app = authorized.App.registered(name=name, scopes=EVERYTHING)
        app.tokens(ada, scopes=scopes)
    visitor.goes_on_as(proven(ada))
    visitor.go("/accounts/apps/")


def _after_incidents(visitor: Visitor, _: NewVisitor) -> None:
    ada = _ada()
    agent, log = authorized.App.registered(name="Night agent"), authorized.App.registered(name=LONG)
    home: dict[str, Any] = {"REMOTE_ADDR": "198.51.100.7", "HTTP_USER_AGENT": "agent/1"}
    elsewhere: dict[str, Any] = {"REMOTE_ADDR": "203.0.113.9", "HTTP_USER_AGENT": "curl/8"}
    for app, minutes in ((agent, 0), (log, 5)):
        token = app.tokens(ada)["refresh_token"]
        app.browser = Browser(**home)
        app.refresh(token)
        authorized.later(minutes=minutes)
        app.browser = Browser(**elsewhere)
        app.refresh(token)
    visitor.goes_on_as(proven(ada))
    visitor.go("/accounts/apps/")


def _stopped(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _connected(visitor, new_visitor)
    visitor.press("Stop Harbour")


def _with_keys(visitor: Visitor, _: NewVisitor) -> None:
    ada = _ada()
    with person_context(ada.pk):
        for name in ("Laptop", LONG, ARABIC):
            issuing.create_for_person(ada, name=name, scopes=["profile"], tenant_id=None)
    visitor.goes_on_as(proven(ada))
    visitor.go("/accounts/keys/")


def _creating_a_key(*, name: str) -> Callable[..., None]:
    def arrive(visitor: Visitor, _: NewVisitor) -> None:
        visitor.goes_on_as(proven(_ada()))
        visitor.go("/accounts/keys/create/")
        visitor.page.get_by_label("Where will you use it?").fill(name)
        visitor.confirm("Create the key")

    return arrive


LETS = "Let Harbour act for you?"
UNSET = "This app cannot sign you in here"
APP_STATES = [
    State(name="consent-one_scope", heading=LETS, arrive=_asked("openid")),
    State(name="consent-many_scopes", heading=LETS, arrive=_asked(" ".join(EVERYTHING))),
    State(name="consent-of_a_tenant", heading=LETS, arrive=_asked("openid berths:read", of="Harbour Works")),
    State(
        name="consent-long_names",
        heading=f"Let {LONG} act for you?",
        arrive=_asked("openid berths:read", of=LONG, person=LONG, name=LONG),
    ),
    State(
        name="consent-right_to_left",
        heading=f"Let {ARABIC} act for you?",
        arrive=_asked("openid berths:read", of=ARABIC, person="نور الهدى", name=ARABIC),
    ),
    State(
        name="consent-native_app",
        heading=LETS,
        arrive=_asked("openid", redirect_uris=["com.example.harbour:/callback"], is_public=True),
    ),
    State(name="consent-for_another_person", heading="Continue to Harbour?", arrive=_for_another),
    State(name="consent-device", heading="Let Television act for you?", arrive=_device("Continue")),
    State(name="app-unknown_redirect", heading=UNSET, arrive=_refused(redirect_uri="https://other.example/")),
    State(name="app-unknown", heading=UNSET, arrive=at("/oauth/authorize?client_id=x")),
    State(name="app-onward", heading="Back to Harbour", arrive=_onward),
    State(name="app-form_post", heading="Back to Harbour", arrive=_form_post),
    State(name="app-sign_out_for_an_app", heading="Sign out?", arrive=_leaving),
    State(name="device-empty", heading="Connect a device", arrive=inside("/oauth/device")),
    State(name="device-from_a_link", heading="Connect a device", arrive=_device()),
    State(name="device-mistyped", heading="Connect a device", arrive=_mistyped),
    State(name="device-connected", heading="The device is connected", arrive=_device("Continue", "Allow")),
    State(name="device-refused", heading="The device was not connected", arrive=_device("Continue", "Do not allow")),
    State(name="apps-none", heading="Connected apps", arrive=inside("/accounts/apps/")),
    State(name="apps-some", heading="Connected apps", arrive=_connected),
    State(name="apps-stopped", heading="Connected apps", arrive=_stopped),
    State(name="apps-incidents", heading="Connected apps", arrive=_after_incidents),
    State(name="api_keys-some", heading="API keys", arrive=_with_keys),
    State(name="api_keys-created", heading="Your new key", arrive=_creating_a_key(name="Laptop")),
    State(name="api_keys-nameless", heading="Create an API key", arrive=_creating_a_key(name="\u200b")),
]
