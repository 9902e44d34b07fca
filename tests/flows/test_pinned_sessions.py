"""Sign-ins through a tenant's connection: what they open, what they never open, and what frees them (ADR 73)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from accounts.models import Identity, Membership, Role, Session, User
from api.service import operations
from audit.models import Entry
from config import second_factors
from sandbox.personas import CAST
from sandbox.providers import Provider
from sandbox.server import Sandbox
from tenancy import site_context
from tests.flows.conftest import Browser, refusals
from tests.flows.factors import APP, NEEDED, PROVE, add_app
from tests.flows.proofs import proving
from tests.support import claim_rules
from tests.support.authenticator import code
from tests.support.connections import another_sandbox, connection_to
from tests.support.pinned import give_to
from tests.support.proven import proven
from tests.tenancy.conftest import Town

pytestmark = pytest.mark.django_db

ACCOUNT = "/accounts/"
SESSIONS = "/accounts/sessions/"
ADA = next(persona for persona in CAST if persona.key == "ada")
# What a pinned session may use: it shows and changes nothing of the account.
GUARDED = {f"{name}.<locals>.guarded" for name in ("signed_in", "may_add_factor")}
OPEN = {
    "account", "organizations", "switch-organization", "reauthenticate",
    "oauth-consent", "oauth-device", "device-check", "device-allow", "device-refuse",  # they ask what is open
}  # fmt: skip


@pytest.fixture
def ada(browser: Browser, town: Town) -> User:
    """A person with an identity at Google, the site's own, and one at Keycloak, the connection of Abbey; in both."""
    browser.sign_in("google", "ada")
    browser.connect("keycloak", "ada")
    assert Identity.objects.count() == 2
    person = User.objects.get(identities__provider="keycloak")
    with site_context("a test makes somebody a member"):
        for side in (town.a, town.b):
            Membership.objects.create(user=person, tenant=side.tenant, role=Role.objects.get(name="member"))
    give_to(town.a.tenant, "keycloak")
    return person


@pytest.fixture
def came(ada: User, new_browser: Callable[[], Browser]) -> Browser:
    """A browser in which Ada has come in through Abbey's connection."""
    browser = new_browser()
    assert browser.sign_in("keycloak", "ada").headers["Location"] == ACCOUNT
    return browser


def let_keycloak_say_two_factors(providers: Sandbox, settings: Any) -> None:
    settings.MFA_BY_PROVIDER = second_factors.read(["keycloak:gold"])
    settings.ADMIN_NEEDS_SECOND_FACTOR = True
    providers.add_persona(replace(ADA, claims={Provider.KEYCLOAK: {"acr": "gold"}}))


def pin_of(browser: Browser) -> Any:
    return Session.objects.of_browser(browser.key).values_list("pinned_tenant", flat=True).get()


@pytest.mark.promise(101)
def test_it_opens_the_tenant_and_nothing_else(came: Browser, town: Town) -> None:
    assert pin_of(came) == town.a.tenant.pk
    page = came.get(ACCOUNT).content.decode()
    assert "Abbey" in page
    assert "Barn" not in page
    assert "ada@example.com" not in page
    assert "Barn" not in came.get("/accounts/organizations/").content.decode()
    me = came.get("/api/v1/me").json()
    assert me["tenant_id"] == str(town.a.tenant.pk)
    assert [one["provider"] for one in me["identities"]] == ["keycloak"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(101)
def test_a_connection_that_a_tenant_has_set_up_pins(town: Town, settings: Any) -> None:
    with another_sandbox(settings.PUBLIC_URL) as elsewhere:
        connection = connection_to(elsewhere, slug="abbey", tenant=town.a.tenant)
        subject = ADA.subject(Provider.KEYCLOAK)
        Identity.objects.create(user=town.both, provider="abbey", issuer=connection.issuer, subject=subject)
        browser = Browser(elsewhere)

        browser.sign_in("abbey", "ada")

        assert browser.account == str(town.both.pk)
        assert pin_of(browser) == town.a.tenant.pk
        assert [one["provider"] for one in browser.get("/api/v1/me").json()["identities"]] == ["abbey"]
        assert browser.get(SESSIONS).headers["Location"] == proving(SESSIONS)
        browser.sign_in("abbey", "ada", process="reauthenticate", next=SESSIONS)
        assert pin_of(browser) == town.a.tenant.pk


@pytest.mark.promise(101)
def test_another_organization_cannot_be_chosen(came: Browser, town: Town) -> None:
    answer = came.post("/accounts/organizations/switch/", {"organization": str(town.b.tenant.pk)})

    assert answer.status_code == 403
    assert came.get("/api/v1/me").json()["tenant_id"] == str(town.a.tenant.pk)


@pytest.mark.promise(101)
def test_every_page_for_people_is_closed_unless_it_says_otherwise(came: Browser) -> None:
    """The kind of fault: a page that nobody has thought of changes the account in a session that others can open."""
    closed = {name: path for name, path in own_pages().items() if name not in OPEN}
    assert len(closed) > 20

    for path in closed.values():
        assert came.get(path).status_code == 302, path  # to reauthenticate, or to the page of a form alone
        posted = came.post(path)
        assert posted.status_code in {302, 405}, path
        assert posted.headers.get("Location", proving("")).startswith(proving("")), path

    person = User.objects.get(identities__provider="keycloak")
    assert (person.is_active, person.identities.count()) == (True, 2)
    assert Session.objects.filter(user=person).count() == 2


def own_pages() -> dict[str, str]:
    """Return the URLs of all views for signed-in people, with made-up arguments."""
    found: dict[str, str] = {}

    def walk(patterns: list[URLPattern | URLResolver], before: str) -> None:
        for one in patterns:
            path = before + str(one.pattern)
            if isinstance(one, URLResolver):
                if one.namespace is None:
                    walk(one.url_patterns, path)
            elif is_for_people(one.callback) and one.name:
                found[one.name] = "/" + filled(path)

    walk(get_resolver().url_patterns, "")
    return found


def is_for_people(view: Any) -> bool:
    """Whether a decorator of ours admits signed-in people only."""
    while view is not None:
        if getattr(getattr(view, "__code__", None), "co_qualname", "") in GUARDED:
            return True
        view = getattr(view, "__wrapped__", None)
    return False


def filled(path: str) -> str:
    made_up = {"int": "1", "str": "x", "slug": "x", "uuid": "00000000-0000-4000-8000-000000000000"}
    while "<" in path:
        before, _, rest = path.partition("<")
        inside, _, after = rest.partition(">")
        path = before + made_up[inside.partition(":")[0] if ":" in inside else "str"] + after
    return path


@pytest.mark.promise(101)
def test_a_person_who_is_no_member_is_refused(ada: User, town: Town, new_browser: Callable[[], Browser]) -> None:
    with site_context("a test ends a membership"):
        Membership.objects.filter(user=ada, tenant=town.a.tenant).delete()
    browser = new_browser()

    answer = browser.sign_in("keycloak", "ada")

    assert answer.status_code == 403
    assert b"You do not belong to this organization" in answer.content
    assert refusals() == ["not_a_member"]
    assert browser.account is None


@pytest.mark.promise(101)
def test_a_stranger_to_the_tenant_leaves_no_account(
    providers: Sandbox, town: Town, new_browser: Callable[[], Browser]
) -> None:
    give_to(town.a.tenant, "keycloak")
    before = User.objects.count()
    browser = new_browser()

    assert browser.sign_in("keycloak", "ada").status_code == 403

    assert (User.objects.count(), Identity.objects.count(), browser.account) == (before, 0, None)


@pytest.mark.promise(101)
def test_a_claim_rule_makes_members_of_that_tenant_alone(
    providers: Sandbox, town: Town, new_browser: Callable[[], Browser]
) -> None:
    """The kind of fault: a rule for another organization believes what this one's server says of its people."""
    give_to(town.a.tenant, "keycloak", role=Role.objects.get(name="member"))
    for name in ("Abbey", "Barn"):
        claim_rules.rule("keycloak", "realm_access.roles", "vestibule-admin", within=name)
    browser = new_browser()

    assert browser.sign_in("keycloak", "grace").headers["Location"] == ACCOUNT

    person = User.objects.get(identities__provider="keycloak")
    assert (person.email_verified, pin_of(browser)) == (False, town.a.tenant.pk)
    with site_context("a test reads memberships"):
        assert [one.tenant.name for one in Membership.objects.filter(user=person)] == ["Abbey"]


@pytest.mark.promise(101)
def test_a_rule_that_ends_the_membership_ends_the_sign_in(
    ada: User, town: Town, new_browser: Callable[[], Browser]
) -> None:
    with site_context("a test lets a rule give the membership"):
        made = claim_rules.rule("keycloak", "realm_access.roles", "never", within="Abbey")
        Membership.objects.filter(user=ada, tenant=town.a.tenant).update(rule=made)
    browser = new_browser()

    assert browser.sign_in("keycloak", "ada").status_code == 403

    with site_context("a test reads memberships"):
        assert [one.tenant.name for one in Membership.objects.filter(user=ada)] == ["Barn"]
    assert browser.account is None


@pytest.mark.promise(101)
def test_it_changes_neither_name_nor_address(ada: User, providers: Sandbox, new_browser: Callable[[], Browser]) -> None:
    User.objects.filter(pk=ada.pk).update(name="", email=None, canonical_email=None, email_verified=False)

    new_browser().sign_in("keycloak", "ada")

    ada.refresh_from_db()
    assert (ada.name, ada.email, ada.email_verified) == ("", None, False)


@pytest.mark.promise(101)
def test_a_factor_of_their_own_keeps_the_session_free(
    browser: Browser, ada: User, new_browser: Callable[[], Browser], later: Callable[..., None]
) -> None:
    secret, _codes = add_app(browser)
    later()
    returning = new_browser()
    assert returning.sign_in("keycloak", "ada").headers["Location"] == PROVE
    assert pin_of(returning) is not None

    assert returning.post(PROVE, {"code": code(secret)}).status_code == 302

    assert pin_of(returning) is None
    assert returning.get(SESSIONS).status_code == 200


@pytest.mark.promise(101)
def test_no_factor_is_added_on_the_way_in(ada: User, new_browser: Callable[[], Browser]) -> None:
    """The kind of fault: who can come in as anybody enrols a factor of theirs, and it frees the session."""
    User.objects.filter(pk=ada.pk).update(second_factor_required=True)
    browser = new_browser()
    assert browser.sign_in("keycloak", "ada").headers["Location"] == NEEDED

    for page in (NEEDED, APP, "/accounts/second-factor/passkey/"):
        for ask in (browser.get, browser.post):
            assert ask(page).status_code in {403, 405}, page
    assert b"A second factor is missing" in browser.get(NEEDED).content
    assert browser.account is None


@pytest.mark.promise(101)
def test_the_duties_of_the_site_s_administrators_do_not_hold_up_the_tenant_s(
    ada: User, new_browser: Callable[[], Browser], settings: Any
) -> None:
    settings.ADMIN_NEEDS_SECOND_FACTOR = True
    User.objects.filter(pk=ada.pk).update(is_staff=True, is_superuser=True)
    browser = new_browser()

    assert browser.sign_in("keycloak", "ada").headers["Location"] == ACCOUNT

    assert browser.get("/admin/").headers["Location"].startswith("/admin/login/")
    assert browser.get("/api/v1/admin/users").status_code == 403


@pytest.mark.promise(101)
def test_an_identity_of_the_site_s_own_frees_it(came: Browser, town: Town) -> None:
    before = came.key
    assert came.get(SESSIONS).headers["Location"] == proving(SESSIONS)
    page = came.get(proving(SESSIONS)).content.decode()
    assert "came in through the sign-in of Abbey" in page
    assert "/accounts/google/login/" in page
    assert "/accounts/keycloak/login/" not in page

    assert came.sign_in("google", "ada", process="reauthenticate", next=SESSIONS).headers["Location"] == SESSIONS

    assert came.key != before
    assert pin_of(came) is None
    assert came.get(SESSIONS).status_code == 200
    entry = Entry.objects.get(action="session.unpinned")
    assert str(entry.tenant_id) == str(town.a.tenant.pk)


@pytest.mark.promise(101)
def test_the_connection_itself_never_frees_it(came: Browser, town: Town) -> None:
    came.sign_in("keycloak", "ada", process="reauthenticate", next=SESSIONS)

    assert pin_of(came) == town.a.tenant.pk
    assert came.get(SESSIONS).headers["Location"] == proving(SESSIONS)
    assert not Entry.objects.filter(action="session.unpinned").exists()


@pytest.mark.promise(101)
def test_an_identity_without_the_factor_that_the_person_has_does_not_free_it(
    browser: Browser, ada: User, town: Town, new_browser: Callable[[], Browser], settings: Any
) -> None:
    """The kind of fault: the organization's server vouches for a second factor, and nobody asks for the own one."""
    add_app(browser)
    let_keycloak_say_two_factors(browser.providers, settings)
    returning = new_browser()
    assert returning.sign_in("keycloak", "ada").headers["Location"] == ACCOUNT

    returning.sign_in("google", "ada", process="reauthenticate", next=SESSIONS)

    assert pin_of(returning) == town.a.tenant.pk


@pytest.mark.promise(101)
def test_in_a_free_session_the_connection_proves_nothing(
    browser: Browser, ada: User, later: Callable[..., None]
) -> None:
    later(minutes=11)
    email = "/accounts/email/"
    assert browser.get(email).headers["Location"] == proving(email)
    assert "/accounts/keycloak/login/" not in browser.get(proving(email)).content.decode()

    browser.sign_in("keycloak", "ada", process="reauthenticate", next=email)

    assert browser.get(email).headers["Location"] == proving(email)


@pytest.mark.promise(101)
def test_in_a_free_session_its_second_factor_is_none(
    browser: Browser, ada: User, providers: Sandbox, settings: Any
) -> None:
    let_keycloak_say_two_factors(providers, settings)
    User.objects.filter(pk=ada.pk).update(is_staff=True, is_superuser=True)
    proven(ada, browser.client)

    browser.sign_in("keycloak", "ada", process="reauthenticate", next="/admin/")

    assert Entry.objects.filter(action="sign_in.succeeded").count() > 1
    assert browser.account == str(ada.pk)
    assert browser.get("/admin/").status_code == 302


@pytest.mark.promise(101)
def test_its_second_factor_counts_for_the_tenant_s_own_administration(
    ada: User, town: Town, new_browser: Callable[[], Browser], settings: Any, providers: Sandbox
) -> None:
    let_keycloak_say_two_factors(providers, settings)
    with site_context("a test gives somebody rights"):
        Membership.objects.filter(user=ada, tenant=town.a.tenant).update(role=Role.objects.get(name="owner"))
    browser = new_browser()
    browser.sign_in("keycloak", "ada")
    assert browser.get("/admin/").status_code == 200
    add = "/admin/accounts/invitation/add/"

    answer = browser.get(add)

    assert answer.status_code in {200, 302}
    if answer.status_code == 302:
        browser.sign_in("keycloak", "ada", process="reauthenticate", next=add)
        assert browser.get(add).status_code == 200
    assert browser.get("/admin/accounts/user/").status_code == 200
    assert pin_of(browser) == town.a.tenant.pk


@pytest.mark.promise(101)
def test_no_operation_on_the_own_account_is_open(came: Browser) -> None:
    own = [name for name, requirement in operations().items() if requirement.own]
    assert len(own) > 10

    for name in own:
        method, _, path = name.partition(" ")
        filled_in = filled(path.replace("{", "<").replace("}", ">"))
        answer = came.client.generic(method, filled_in, "{}", content_type="application/json")
        assert answer.status_code == 403, name
        assert {"unpinned": True} in answer.json()["missing"], name
