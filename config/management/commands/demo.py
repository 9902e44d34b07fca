"""Puts the demo administrator and some people into a development database; running it again changes nothing."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from accounts.models import User
from config.settings.told import TOLD
from providers.identity import ExternalIdentity
from providers.linking import link
from sandbox.personas import CAST
from sandbox.providers import Provider

PEOPLE = {"grace": Provider.KEYCLOAK, "zoe": Provider.GOOGLE, "priya": Provider.GITHUB}  # of the sandbox's cast


class Command(BaseCommand):
    help = "Create what `make run` shows: the demo administrator and people whom the sandbox knows"

    def handle(self, *args: Any, **options: Any) -> None:
        if not TOLD.is_development:
            raise CommandError("demo people belong in MODE=development only")
        name, password = TOLD.demo_admin_name, TOLD.demo_admin_password.get_secret_value()
        if not (name and password):
            raise CommandError("DEMO_ADMIN_NAME and DEMO_ADMIN_PASSWORD are missing")
        _administrator(name, password)
        for key, provider in PEOPLE.items():
            with transaction.atomic():
                _person(key, provider)


def _administrator(name: str, password: str) -> None:
    administrator = User.objects.filter(username=name).first()
    if administrator is None:
        User.objects.create_superuser(username=name, password=password, name="Demo Administrator")
    elif not administrator.check_password(password):
        administrator.set_password(password)
        administrator.save(update_fields=["password"])


def _person(key: str, provider: Provider) -> None:
    """Enrol somebody as their first sign-in would, unless the provider is somebody's real one."""
    told = settings.SIGN_IN_PROVIDERS[provider]
    issuer = told["url"] if provider is Provider.GITHUB else told["issuer"]
    if not issuer.startswith(f"http://127.0.0.1:{TOLD.sandbox_port}/"):
        return
    persona = next(persona for persona in CAST if persona.key == key)
    link(
        ExternalIdentity(
            provider=provider.value,
            issuer=issuer,
            subject=persona.subject(provider),
            email=persona.email or "",
            email_verified=persona.email_verified,
            name=persona.name,
        )
    )
