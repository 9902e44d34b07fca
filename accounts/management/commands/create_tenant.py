"""Creates a tenant, unless there is one with this short name."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser
from django.utils.text import slugify

from accounts.management.lookup import get_or_create, in_one_line
from accounts.management.output import JSONCommand
from accounts.models import Tenant
from audit.context import Actor, ActorKind
from tenancy import site_context


class Command(JSONCommand):
    help = "Create a tenant. Running it again changes nothing: the short name identifies the tenant"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--name", required=True, help="display name")
        parser.add_argument("--slug", help="short name for URLs and the shell; by default derived from the name")

    def handle(self, *_: Any, name: str, slug: str | None, json: bool, **__: Any) -> None:
        slug = slug or slugify(name)[:100]
        if not slug:
            raise CommandError(f"No short name can be derived from {name!r}: give one with --slug.")
        with site_context("create_tenant", actor=Actor(ActorKind.COMMAND, "create_tenant")):
            tenant, is_new = get_or_create(lambda: _provide(name, slug))
        done = "was created" if is_new else "exists already"
        document = {"id": tenant.pk, "slug": tenant.slug, "name": tenant.name, "created": is_new}
        self.output(f"The tenant {tenant.name} ({tenant.slug}, {tenant.pk}) {done}.", document, as_json=json)


def _provide(name: str, slug: str) -> tuple[Tenant, bool]:
    known = Tenant.objects.filter(slug=slug).first()
    if known is None:
        tenant = Tenant(name=name, slug=slug)
        try:
            tenant.full_clean(validate_unique=False)  # the database checks it, also against concurrent runs
        except ValidationError as invalid:
            raise in_one_line(invalid) from None
        tenant.save()
        return tenant, True
    if known.name != name:
        raise CommandError(
            f"The short name {slug!r} belongs to another tenant, {known.name!r}: choose one with --slug."
        )
    return known, False
