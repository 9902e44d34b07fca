"""Creates a global role or one of a tenant, or changes it to match its options."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from django.contrib.auth.models import Permission
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError, CommandParser

from accounts.management.lookup import find_tenant, get_or_create, in_one_line
from accounts.management.output import JSONCommand
from accounts.models import Role, Tenant
from accounts.organizations import roles
from audit.context import Actor, ActorKind
from tenancy import site_context, tenant_context
from tenancy.context import Scope

ACTOR = Actor(ActorKind.COMMAND, "create_role")


class Command(JSONCommand):
    help = "Create a role, or change it: options that are given replace its values, options left out keep them"

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--name", required=True)
        parser.add_argument("--tenant", help="the role's tenant, by id or short name; without it, a global role")
        parser.add_argument("--description")
        for option, metavar in (("--permission", "app.codename"), ("--scope", "SCOPE")):
            parser.add_argument(option, nargs="+", action="extend", metavar=metavar, help="may be repeated")

    def handle(  # one for each option
        self,
        *_: Any,
        name: str,
        tenant: str | None,
        description: str | None,
        permission: list[str] | None,
        scope: list[str] | None,
        json: bool,
        **__: Any,
    ) -> None:
        permissions = None if permission is None else _permissions(permission)
        own = find_tenant(tenant) if tenant else None
        with _context(own):
            role, is_new, is_changed = get_or_create(lambda: _provide(name, own, description, scope, permissions))
        done = "was created" if is_new else "was changed" if is_changed else "is unchanged"
        document = {
            "id": role.pk,
            "name": role.name,
            "tenant_id": role.tenant_id,
            "created": is_new,
            "changed": is_changed,
        }
        self.output(f"The role {role.name} ({own or 'global'}) {done}.", document, as_json=json)


def _context(own: Tenant | None) -> AbstractContextManager[Scope]:
    """Return the tenant's context, or the site's for a global role."""
    return tenant_context(own.pk, actor=ACTOR) if own else site_context("create_role", actor=ACTOR)


def _permissions(labels: Sequence[str]) -> list[Permission]:
    found = roles.permissions(tuple(label for label in labels if "." in label))
    known = {f"{permission.content_type.app_label}.{permission.codename}" for permission in found}
    unknown = [label for label in labels if label not in known]
    if unknown:
        raise CommandError(f"There is no permission {', '.join(map(repr, unknown))} (they are called app.codename).")
    return found


def _provide(
    name: str,
    own: Tenant | None,
    description: str | None,
    scopes: list[str] | None,
    permissions: list[Permission] | None,
) -> tuple[Role, bool, bool]:
    """Return the role, whether it is new, and whether anything was written."""
    role = Role.objects.filter(name=name, tenant=own).first() or Role(name=name, tenant=own)
    is_new = role.pk is None
    return role, is_new, _make_so(role, description, scopes, permissions)


def _make_so(
    role: Role, description: str | None, scopes: list[str] | None, permissions: list[Permission] | None
) -> bool:
    """Write what differs, and return whether anything did."""
    before = (role.pk, role.description, role.scopes)
    role.description = role.description if description is None else description
    role.scopes = role.scopes if scopes is None else list(dict.fromkeys(scopes))
    try:
        role.full_clean(validate_unique=False, validate_constraints=False)
    except ValidationError as invalid:
        raise in_one_line(invalid) from None
    is_changed = before != (role.pk, role.description, role.scopes) or role.pk is None
    if is_changed:
        role.save()
    if permissions is not None and set(role.permissions.all()) != set(permissions):
        role.permissions.set(permissions)
        is_changed = True
    return is_changed
