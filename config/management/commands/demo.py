"""Creates the demo administrator and some people in a development database. Idempotent."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.db.models import Q

from accounts.models import Membership, Role, Tenant, User
from accounts.organizations import memberships
from audit.context import Actor, ActorKind, acting
from authserver.clients.registration import Registration, register
from authserver.models import Client, GrantType, ProfileClaim, ProfileValue
from config.settings.env import ENV
from providers.identity import ExternalIdentity
from providers.linking import link
from sandbox import app
from sandbox.personas import CAST
from sandbox.providers import Provider
from tenancy import site_context

PEOPLE = {"grace": Provider.KEYCLOAK, "zoe": Provider.GOOGLE, "priya": Provider.GITHUB}  # of the sandbox's cast
TENANTS = {"analytical-engines": "Analytical Engines", "night-mail": "Night Mail"}
CLERK = ("Front desk", "night-mail")  # a role of a tenant's own
MEMBERS = (
    ("grace", "analytical-engines", "owner"),
    ("grace", "night-mail", "member"),
    ("zoe", "analytical-engines", "admin"),
    ("priya", "night-mail", "owner"),
    ("zoe", "night-mail", CLERK[0]),
)
LEVELS, TIERS = ["beginner", "intermediate", "advanced"], ["tier1", "tier2", "tier3", "tier4"]
PROFILE_CLAIMS = {
    "software_background": ("How much a person has programmed", LEVELS),
    "hardware_tier": ("What a person's computer can do", TIERS),
}
PROFILES = (
    ("grace", "software_background", "advanced"),
    ("grace", "hardware_tier", "tier4"),
    ("zoe", "software_background", "beginner"),
    ("priya", "hardware_tier", "tier2"),
)
ACTOR = Actor(ActorKind.COMMAND, "demo")


class Command(BaseCommand):
    help = "Create the data that `make run` shows: the demo administrator, and people of the sandbox"

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--migrate", action="store_true", help="migrate first: one process starts faster than two")

    def handle(self, *args: Any, migrate: bool, **options: Any) -> None:
        if not ENV.is_development:
            raise CommandError("demo people belong in MODE=development only")
        name, password = ENV.demo_admin_name, ENV.demo_admin_password.get_secret_value()
        if not (name and password):
            raise CommandError("DEMO_ADMIN_NAME and DEMO_ADMIN_PASSWORD are missing")
        if migrate:
            call_command("migrate", verbosity=0)
        with acting(actor=ACTOR):
            _administrator(name, password)
            people: dict[str, User] = {}
            for key, provider in PEOPLE.items():
                with transaction.atomic():
                    people |= _person(key, provider)
            with site_context("the demo has tenants, and people in them"):
                _tenants(people)
                _profile_claims(people)
                _app()


def _administrator(name: str, password: str) -> None:
    administrator = User.objects.filter(username=name).first()
    if administrator is None:
        User.objects.create_superuser(username=name, password=password, name="Demo Administrator")
    elif not administrator.check_password(password):
        administrator.set_password(password)
        administrator.save(update_fields=["password"])


def _person(key: str, provider: Provider) -> dict[str, User]:
    """Enrol a person as the first sign-in would, unless a real provider is configured instead of the sandbox."""
    configured = settings.SIGN_IN_PROVIDERS[provider]
    issuer = configured["url"] if provider is Provider.GITHUB else configured["issuer"]
    if not issuer.startswith(f"http://127.0.0.1:{ENV.sandbox_port}/"):
        return {}
    persona = next(persona for persona in CAST if persona.key == key)
    linked = link(
        ExternalIdentity(
            provider=provider.value,
            issuer=issuer,
            subject=persona.subject(provider),
            email=persona.email or "",
            email_verified=persona.email_verified,
            name=persona.name,
        )
    )
    return {key: linked.user}


def _tenants(people: Mapping[str, User]) -> None:
    tenants = {
        slug: Tenant.objects.get_or_create(slug=slug, defaults={"name": name})[0] for slug, name in TENANTS.items()
    }
    name, slug = CLERK
    Role.objects.get_or_create(name=name, tenant=tenants[slug], defaults={"scopes": ["visitors:read"]})
    for key, slug, role in MEMBERS:
        tenant = tenants[slug]
        is_there = key not in people or Membership.objects.filter(user=people[key], tenant=tenant).exists()
        if not is_there:
            given = Role.objects.get(Q(tenant=tenant) | Q(tenant=None), name=role)
            memberships.add(people[key], tenant, given)


def _profile_claims(people: Mapping[str, User]) -> None:
    for name, (description, choices) in PROFILE_CLAIMS.items():
        ProfileClaim.objects.get_or_create(name=name, defaults={"description": description, "choices": choices})
    for key, name, value in PROFILES:
        if key in people:
            claim = ProfileClaim.objects.get(name=name)
            ProfileValue.objects.get_or_create(claim=claim, user=people[key], defaults={"value": value})


def _app() -> None:
    """Register the sandbox's app, or change its URLs if the sandbox is on another port now."""
    base = f"http://127.0.0.1:{ENV.sandbox_port}/app"
    places: dict[str, Any] = {
        "redirect_uris": [f"{base}/callback"],
        "post_logout_redirect_uris": [base],
        "backchannel_logout_uri": f"{base}/backchannel-logout",
    }
    client = Client.objects.filter(client_id=app.CLIENT_ID).first()
    if client is None:
        grants = [GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN]
        known: dict[str, Any] = {"name": "Sandbox app", "is_public": True, "client_id": app.CLIENT_ID}
        register(Registration(grants=grants, scopes=app.SCOPE.split(), **known, **places))
    elif client.redirect_uris != places["redirect_uris"]:
        for name, value in places.items():
            setattr(client, name, value)
        client.save(update_fields=list(places))
