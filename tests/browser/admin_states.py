"""The administrators' pages: every one that the admin registers, found by asking it, so that new ones are found too."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.core.cache import cache
from django.db import models
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import (
    BulkAction,
    BulkState,
    ClaimRule,
    Domain,
    DomainFinding,
    Invitation,
    Membership,
    Role,
    Tenant,
    User,
)
from accounts.organizations import memberships
from accounts.organizations.domains import claim
from accounts.organizations.invitations import invite
from audit.models import Entry
from authserver.clients.changes import add_secret
from authserver.clients.registration import Registration, register
from authserver.keys import ring
from authserver.models import (
    CertificateName,
    Consent,
    GrantType,
    ProfileClaim,
    ProfileValue,
    ProtectedHost,
    Resource,
    ServiceAccount,
)
from authserver.models import Client as App
from authserver.services import certificates
from console.overview.page import counters
from providers.models import Connection
from tenancy import site_context, tenant_context
from tests.browser.states import State
from tests.browser.visitor import NewVisitor, Visitor
from tests.flows.conftest import Browser
from tests.support import claim_rules, overview_crowd, services
from tests.support.connections import connection_to
from tests.support.proven import proven
from webhooks import changes as webhook_changes
from webhooks.models import Delivery, Webhook

NAME = "house-keeper"
EMPTY = {"account", "socialaccount"}  # allauth's own tables, which hold nothing here


def _sign_in(visitor: Visitor) -> None:
    visitor.goes_on_as(proven(User.objects.create_superuser(username=NAME, name="Hildegard Keeper")))


def _refused(visitor: Visitor, _: NewVisitor) -> None:
    visitor.go("/admin/")
    visitor.page.get_by_label("Username").fill("nobody")
    visitor.page.get_by_label("Password").fill("nothing")
    visitor.press("Sign in")


def _inside(path: str) -> Callable[[Visitor, NewVisitor], None]:
    def arrive(visitor: Visitor, _: NewVisitor) -> None:
        _people(visitor)
        _sign_in(visitor)
        visitor.go(path)

    return arrive


def _with_rights(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _newest(User)(visitor, new_visitor)
    visitor.go(visitor.page.get_by_role("link", name="Permissions and password").get_attribute("href") or "")


def _newest(model: type[models.Model]) -> Callable[[Visitor, NewVisitor], None]:
    def arrive(visitor: Visitor, _: NewVisitor) -> None:
        _people(visitor)
        _sign_in(visitor)
        with site_context("a test looks for something to show"):
            row = model._default_manager.order_by("pk").last()  # noqa: SLF001  # any model's own
        assert row is not None
        visitor.go(f"{_path(model)}{row.pk}/change/")

    return arrive


def _asked(act: str) -> Callable[[Visitor, NewVisitor], None]:
    def arrive(visitor: Visitor, new_visitor: NewVisitor) -> None:
        _newest(Invitation)(visitor, new_visitor)
        visitor.press(act)

    return arrive


def _then(model: type[models.Model], act: str) -> Callable[[Visitor, NewVisitor], None]:
    """Follow one of the links above a row's page."""

    def arrive(visitor: Visitor, new_visitor: NewVisitor) -> None:
        _newest(model)(visitor, new_visitor)
        visitor.page.locator(".object-tools").get_by_role("link", name=act, exact=True).click()

    return arrive


def _tokens_previewed(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _then(App, "Preview tokens")(visitor, new_visitor)
    visitor.page.get_by_label("Person:").fill("house-keeper")
    visitor.press("Show")


def _nobody_previewed(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _then(App, "Preview tokens")(visitor, new_visitor)
    visitor.page.get_by_label("Person:").fill("nobody@example.com")
    visitor.press("Show")


def _app_refused(visitor: Visitor, _: NewVisitor) -> None:
    """Try to register an app with a name of 100 letters, and with faults in most fields."""
    _sign_in(visitor)
    visitor.go("/admin/authserver/client/add/")
    visitor.page.get_by_label("Name:").fill("Harbour " * 12)
    visitor.page.get_by_label("People sign in (authorization code)").check()
    visitor.page.get_by_label("Scopes:").fill("openid\nunheard:of")
    visitor.page.get_by_label("Redirect URIs:", exact=True).fill("http://harbour.example/callback")
    visitor.page.get_by_label("Back-channel logout URI:").fill("ftp://harbour.example/")
    visitor.page.get_by_role("button", name="Save", exact=True).click()


def _owned(visitor: Visitor, new_visitor: NewVisitor) -> None:
    """A domain whose record is missing, which leads its people to a provider meanwhile."""
    _newest(Domain)(visitor, new_visitor)
    now = timezone.now()
    with site_context("a test owns a domain"):
        Domain.objects.update(
            owned_since=now - timedelta(days=90), checked_at=now, finding=DomainFinding.ABSENT, routes_to="google",
            failing_since=now - timedelta(days=2), lapses_at=now + timedelta(days=6),
        )  # fmt: skip
    visitor.page.reload()


def _code_of_domain_mailed(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _then(Domain, "Mail a code")(visitor, new_visitor)
    visitor.page.get_by_label("An address at harbour.example").fill("master@harbour.example")
    visitor.press("Mail a code")


def _code_of_domain_refused(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _code_of_domain_mailed(visitor, new_visitor)
    visitor.page.get_by_label("The code from the mail").fill("1234")
    visitor.press("Confirm")


def _key_of_service_created(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _then(ServiceAccount, "Create a key")(visitor, new_visitor)
    visitor.page.get_by_label("Where it is used:").fill("ci")
    visitor.press("Create the key")


def _cutting_off(visitor: Visitor, new_visitor: NewVisitor) -> None:
    """Somebody else than whoever works here: oneself one locks elsewhere."""
    person = User.objects.create_user(name="Grace Hopper")
    _inside(f"{_path(User)}{person.pk}/change/")(visitor, new_visitor)
    visitor.page.locator(".object-tools").get_by_role("link", name="Cut off", exact=True).click()


def _cut_off(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _cutting_off(visitor, new_visitor)
    visitor.page.get_by_label("Why?").fill("A laptop was stolen")
    visitor.press("Cut off this person")


def _tested(visitor: Visitor, new_visitor: NewVisitor) -> None:
    visitor.providers.set_auto_persona("keycloak", "grace")
    _then(Connection, "Sign in as a test")(visitor, new_visitor)
    visitor.press("Go to the service")


def _secret_renewed(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _then(Webhook, "Rotate the secret")(visitor, new_visitor)
    visitor.press("Rotate the secret")


def _secret_added(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _then(App, "Add a secret")(visitor, new_visitor)
    visitor.press("Add a secret")


def _revoking(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _newest(App)(visitor, new_visitor)
    visitor.page.get_by_role("link", name="Revoke", exact=True).first.click()


def _letting_go(visitor: Visitor, _: NewVisitor) -> None:
    _inside("/admin/webhooks/delivery/")(visitor, _)
    visitor.page.get_by_label("Select all objects on this page for an action").check()
    visitor.page.get_by_label("Action:").select_option("discard")
    visitor.press("Go")


def _many_asked(visitor: Visitor, _: NewVisitor) -> None:
    _inside("/admin/accounts/invitation/")(visitor, _)
    visitor.page.get_by_label("Select all objects on this page for an action").check()
    visitor.page.get_by_label("Action:").select_option("resend_chosen")
    visitor.press("Go")


def _after_a_month(visitor: Visitor, _: NewVisitor) -> None:
    visitor.go("/accounts/microsoft/login/")  # so that this process has asked one of the providers
    visitor.press("Continue with Microsoft")
    overview_crowd.live()
    _sign_in(visitor)
    visitor.go("/admin/")


def _while_nothing_is_counted(visitor: Visitor, _: NewVisitor) -> None:
    for counter in counters():
        cache.set(f"{counter.key}:tried", 1, 60)
    _sign_in(visitor)
    visitor.go("/admin/")


def _of_several_tenants(visitor: Visitor, _: NewVisitor) -> None:
    """Ada owns two tenants, and begins in the first of them."""
    visitor.comes_from("google", "ada")
    ada = User.objects.get(identities__provider="google")
    with site_context("a test furnishes two tenants"):
        for name, member in (("Harbour Works", "Harry of the Harbour"), ("Lantern Works", "Lara of the Lantern")):
            tenant = Tenant.objects.create(name=name)
            for person, role in ((ada, "owner"), (User.objects.create_user(name=member), "member")):
                Membership.objects.create(user=person, tenant=tenant, role=Role.objects.get(name=role))
    visitor.go("/admin/")


def _with_menu_open(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _of_several_tenants(visitor, new_visitor)
    visitor.page.locator("#user-tools .menu summary").press("Enter")


def _left(visitor: Visitor, _: NewVisitor) -> None:
    _sign_in(visitor)
    visitor.go("/admin/")
    visitor.press("Sign out")


def _people(visitor: Visitor) -> None:
    """Let some people come in before, so that there is something to look at, and keys to sign with."""
    ring.forget()
    ring.current()
    for provider, persona in (("google", "ada"), ("github", "bobby")):
        Browser(visitor.providers).sign_in(provider, persona)
    with site_context("a test furnishes a tenant"):
        tenant = Tenant.objects.create(name="Harbour Works", slug="harbour")
        Role.objects.create(name="pilot", tenant=tenant, description="Brings ships in.", scopes=["berths:read"])
        people = list(User.objects.order_by("created_at")[:2])
        for person, role in zip(people, ("owner", "member"), strict=True):
            memberships.add(person, tenant, Role.objects.get(name=role))
    claim_rules.rule("google", "hd", "corp.example", within="Harbour Works")
    invite(tenant, Role.objects.get(name="member"), "charles@example.com", people[0])
    claim(tenant.pk, "harbour.example")
    with site_context("a test sets up a webhook"):
        _webhook(tenant, people[0])
    connection_to(visitor.providers, tenant=tenant, label="Harbour staff", is_active=False)
    _app(tenant, people[1])
    ProtectedHost.objects.create(
        origin="https://wiki.harbour.example", name="Wiki", tenant=tenant, org_roles=["member"]
    )
    _service(tenant, people[0])


def _service(tenant: Tenant, owner: User) -> None:
    """A service with a key, and a certificate that is this service."""
    night_job = services.service(tenant, owner, "berths:read")
    services.key_of_service(night_job)
    with tenant_context(tenant.pk):
        certificates.add(night_job, CertificateName.DNS, "night.harbour.example")


def _app(tenant: Tenant, person: User) -> None:
    """An app with two secrets, of which the former one expires, and what it may learn about a person."""
    with site_context("a test registers an app"):
        Resource.objects.create(identifier="https://berths.harbour.example/", name="Berths", tenant=tenant)
        found = register(
            Registration(
                name="Harbour log", tenant=tenant, grants=list(GrantType), scopes=["openid", "berths:read"],
                redirect_uris=["https://log.harbour.example/callback"],
                resources=["https://berths.harbour.example/"],
            )
        )  # fmt: skip
        add_secret(found.client)
    Consent.objects.create(
        user=person, client_id=found.client.pk, tenant_id=tenant.pk, scopes=["openid", "berths:read"]
    )
    claim = ProfileClaim.objects.create(name="hardware_tier", description="What a computer can do", choices=["tier1"])
    ProfileValue.objects.create(claim=claim, user=person, value="tier1")


def _webhook(tenant: Tenant, creator: User) -> None:
    """One that has failed for a while: its receiver answers, and takes not everything."""
    webhook = Webhook(tenant=tenant, name="Harbour log", url="https://log.harbour.example/hook")
    webhook_changes.create(webhook, creator)
    hour = timedelta(hours=1)
    Webhook.objects.update(
        failing_since=timezone.now() - 5 * hour, failures=3, last_success_at=timezone.now() - 6 * hour,
        last_failure="answered with status 422",
    )  # fmt: skip
    for kind, next_attempt_at in (("accounts_membership.create", None), ("invitation.sent", timezone.now() + hour)):
        entry = Entry.objects.filter(tenant_id=str(tenant.pk)).exclude(
            pk__in=Delivery.objects.values("entry_id")
        )[0]  # fmt: skip
        Delivery.objects.create(
            tenant=tenant, webhook=webhook, entry_id=entry.pk, entry_at=entry.at, kind=kind, attempts=8,
            next_attempt_at=next_attempt_at, failure="answered with status 422",
        )  # fmt: skip


def _previewed(visitor: Visitor, new_visitor: NewVisitor) -> None:
    Browser(visitor.providers).sign_in("google", "grace")
    _newest(ClaimRule)(visitor, new_visitor)
    visitor.press("See what it would do")


def sign_in_and_furnish(visitor: Visitor) -> None:
    """Be a superuser at the admin's pages, with some people and a tenant there."""
    _people(visitor)
    _sign_in(visitor)


def _crowd(count: int) -> None:
    """Put people into the list, and a tenant that some of them belong to."""
    people = User.objects.bulk_create(
        User(name=f"Guest {number:03}", email=f"guest{number:03}@example.com", email_verified=number % 3 > 0)
        for number in range(count)
    )
    with site_context("a test builds a tenant"):
        tenant, role = (
            Tenant.objects.create(name="Lantern Works", slug="lantern-works"),
            Role.objects.get(name="member"),
        )
        Membership.objects.bulk_create(Membership(user=one, tenant=tenant, role=role) for one in people[::4])


def _among_many(path: str) -> Callable[[Visitor, NewVisitor], None]:
    def arrive(visitor: Visitor, _: NewVisitor) -> None:
        _crowd(130)
        _sign_in(visitor)
        visitor.go(path)

    return arrive


def _chosen(kind: str, *, everywhere: bool = False) -> Callable[[Visitor, NewVisitor], None]:
    """Choose people in the list, as one does by hand, and an action."""

    def arrive(visitor: Visitor, new_visitor: NewVisitor) -> None:
        _among_many("/admin/accounts/user/?o=1")(visitor, new_visitor)
        visitor.page.get_by_label("Select all objects on this page for an action").check()
        if everywhere:
            visitor.page.get_by_role("button", name="Select all users of this list, on every page").click()
        visitor.page.get_by_label("Action:").select_option(kind)
        visitor.press("Go")

    return arrive


def _role_asked_for(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _chosen("grant_role")(visitor, new_visitor)
    visitor.page.get_by_label("Tenant").fill("Lantern Works")
    visitor.press("Continue")


def _role_previewed(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _role_asked_for(visitor, new_visitor)
    visitor.page.get_by_label("Role").select_option(label="admin")
    visitor.press("Continue")


def _done(visitor: Visitor, new_visitor: NewVisitor) -> None:
    _role_previewed(visitor, new_visitor)
    visitor.press("Yes, change 13 people")


def _under_way(visitor: Visitor, new_visitor: NewVisitor) -> None:
    """Nobody works on it here: the state is as it was after the first slice."""
    _chosen("deactivate", everywhere=True)(visitor, new_visitor)
    with site_context("a test looks"):
        action = BulkAction.objects.defer("targets").get()
        BulkAction.objects.update(state=BulkState.RUNNING, position=80, changed=79, skipped={"yourself": 1})
    visitor.go(f"/admin/accounts/bulkaction/{action.pk}/change/?paused")


def _path(model: type[models.Model]) -> str:
    return f"/admin/{model._meta.app_label}/{model._meta.model_name}/"


def _asked_by_a_superuser() -> HttpRequest:
    request = HttpRequest()
    request.user = User(is_superuser=True)
    return request


def _of(model: type[models.Model], registered: "admin.ModelAdmin[Any]") -> list[State]:
    """Its list, its form for a new one where there is any, and the page of one row where rows are sure to be there."""
    name = f"admin-{model._meta.model_name}"
    found = [State(name=f"{name}_list", heading="", arrive=_inside(_path(model)))]
    if registered.has_add_permission(_asked_by_a_superuser()):
        found.append(State(name=f"{name}_add", heading="", arrive=_inside(f"{_path(model)}add/")))
    if (
        model._meta.app_label in {"accounts", "audit", "authserver", "webhooks"} and model is not BulkAction
    ):  # whose pages are stations below
        found.append(State(name=f"{name}_page", heading="", arrive=_newest(model)))
    return found


ADMIN_STATES = [
    State(name="admin-sign-in", heading="", arrive=lambda visitor, _: visitor.go("/admin/")),
    State(name="admin-sign-in_refused", heading="", arrive=_refused),
    State(name="admin-index", heading="Overview", arrive=_inside("/admin/")),
    State(name="admin-index_after_a_month", heading="Overview", arrive=_after_a_month),
    State(name="admin-index_being_counted", heading="Overview", arrive=_while_nothing_is_counted),
    *(
        state
        for model, registered in admin.site._registry.items()  # noqa: SLF001  # there is no public way to ask
        if model._meta.app_label not in EMPTY
        for state in _of(model, registered)
    ),
    State(name="admin-claimrule_add", heading="", arrive=_inside("/admin/accounts/claimrule/add/")),
    State(name="admin-claimrule_preview", heading="What this rule would do", arrive=_previewed),
    State(name="admin-invitation_add", heading="", arrive=_inside("/admin/accounts/invitation/add/")),
    State(name="admin-invitation_resend", heading="Send this invitation again?", arrive=_asked("Send again")),
    State(name="admin-invitation_resend_many", heading="Send these invitations again?", arrive=_many_asked),
    State(name="admin-invitation_revoke", heading="Revoke this invitation?", arrive=_asked("Revoke")),
    State(name="admin-domain_owned", heading="", arrive=_owned),
    State(name="admin-domain_code", heading="Show affiliation by a mailed code", arrive=_code_of_domain_mailed),
    State(name="admin-domain_code_refused", heading="", arrive=_code_of_domain_refused),
    State(name="admin-domain_release", heading="Release harbour.example?", arrive=_then(Domain, "Release")),
    State(name="admin-connection_test", heading="Sign in as a test?", arrive=_then(Connection, "Sign in as a test")),
    State(name="admin-connection_on", heading="Switch this connection on?", arrive=_then(Connection, "Switch on")),
    State(name="admin-connection_tested", heading="The test was passed", arrive=_tested),
    State(name="admin-webhook_secret", heading="The secret was renewed", arrive=_secret_renewed),
    State(name="admin-webhook_test", heading="Send a test?", arrive=_then(Webhook, "Send a test")),
    State(
        name="admin-client_another_secret", heading="Give this app another secret?", arrive=_then(App, "Add a secret")
    ),
    State(name="admin-client_secret", heading="The app has another secret", arrive=_secret_added),
    State(name="admin-client_revoke_secret", heading="Revoke this secret?", arrive=_revoking),
    State(name="admin-client_stop", heading="Stop this app?", arrive=_then(App, "Stop")),
    State(name="admin-client_refused", heading="Add app", arrive=_app_refused),
    State(name="admin-client_preview", heading="What this app would learn", arrive=_tokens_previewed),
    State(name="admin-client_preview_nobody", heading="What this app would learn", arrive=_nobody_previewed),
    State(name="admin-consent_stop", heading="Stop this app for this person?", arrive=_then(Consent, "Stop the app")),
    State(name="admin-serviceaccount_key", heading="", arrive=_key_of_service_created),
    State(
        name="admin-serviceaccount_create_key",
        heading="Create a key of this service",
        arrive=_then(ServiceAccount, "Create a key"),
    ),
    State(name="admin-delivery_let_go", heading="Let these messages go?", arrive=_letting_go),
    State(name="admin-user_kept", heading="Personal data of this person", arrive=_then(User, "Personal data")),
    State(name="admin-user_erase", heading="Erase this person?", arrive=_then(User, "Erase")),
    State(name="admin-user_cut_off", heading="Cut off this person?", arrive=_cutting_off),
    State(name="admin-user_cut_off_done", heading="Cut off", arrive=_cut_off),
    State(name="admin-user_rights", heading="", arrive=_with_rights),
    State(name="admin-user_list_many", heading="", arrive=_among_many("/admin/accounts/user/?o=1")),
    State(name="admin-user_list_found", heading="", arrive=_among_many("/admin/accounts/user/?q=lantern-works")),
    State(name="admin-bulk_tenant", heading="Give a role", arrive=_chosen("grant_role")),
    State(name="admin-bulk_role", heading="Give a role", arrive=_role_asked_for),
    State(name="admin-bulk_preview", heading="Give a role", arrive=_role_previewed),
    State(name="admin-bulk_done", heading="Give a role", arrive=_done),
    State(name="admin-bulk_under_way", heading="Deactivate", arrive=_under_way),
    State(name="admin-of_several_tenants", heading="", arrive=_of_several_tenants),
    State(name="admin-menu_open", heading="", arrive=_with_menu_open),
    State(name="admin-signed_out", heading="", arrive=_left),
]
