"""The built-in roles, which every site begins with. Administrators may change them, and add others.

Changes by administrators stay: a permission that they removed does not come back, and one that they added is kept.
Only permissions that are new in the code are added to a built-in role, once. Otherwise owners would lack what a new
version intends owners to have, for no visible reason.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Permission
from django.db.models import Q
from django.utils.translation import gettext_noop as _

from accounts.models import Role
from audit import triggers
from tenancy import site_context

LOOK_AFTER_PEOPLE = (
    "accounts.view_user",
    "accounts.view_tenant",
    "accounts.view_role",
    "accounts.view_membership",
    "accounts.add_membership",
    "accounts.change_membership",
    "accounts.delete_membership",
    "accounts.view_invitation",
    "accounts.add_invitation",
    "accounts.change_invitation",
    "audit.view_entry",
)
LOOK_AFTER_THE_TENANT = (
    *LOOK_AFTER_PEOPLE,
    "accounts.change_tenant",
    "accounts.add_role",
    "accounts.change_role",
    "accounts.delete_role",
    "accounts.view_domain",
    "accounts.add_domain",
    "accounts.change_domain",
    "accounts.delete_domain",
    "accounts.delete_invitation",  # which deleting a role requires
    "authserver.view_client",
    "authserver.add_client",
    "authserver.change_client",
    "authserver.delete_client",
    "authserver.view_resource",
    "authserver.view_serviceaccount",
    "authserver.add_serviceaccount",
    "authserver.change_serviceaccount",
    "authserver.delete_serviceaccount",
    "authserver.view_apikey",
    "authserver.change_apikey",
    "authserver.delete_apikey",
    "authserver.view_certificateidentity",
    "authserver.delete_certificateidentity",
    "providers.view_connection",
    "providers.add_connection",
    "providers.change_connection",
    "providers.delete_connection",
    "webhooks.view_webhook",
    "webhooks.add_webhook",
    "webhooks.change_webhook",
    "webhooks.delete_webhook",
    "webhooks.view_delivery",
    "webhooks.change_delivery",
    "webhooks.delete_delivery",
)


@dataclass(frozen=True, kw_only=True)
class BuiltIn:
    name: str
    description: str
    permissions: tuple[str, ...] = ()


OWNER = BuiltIn(
    name="owner",
    description=_("Everything in the tenant, its name and its roles included."),
    permissions=LOOK_AFTER_THE_TENANT,
)
ADMIN = BuiltIn(name="admin", description=_("Looks after the people of the tenant."), permissions=LOOK_AFTER_PEOPLE)
MEMBER = BuiltIn(name="member", description=_("Belongs to the tenant."))
BUILT_IN = (OWNER, ADMIN, MEMBER)


def provide(*, using: str, **_signal: Any) -> None:
    """Receiver of the last ``post_migrate``: create missing built-in roles, and add new permissions to them.

    It installs the triggers first, so that the trail records these roles.
    """
    triggers.install(using)
    with site_context("the built-in roles are provided"):
        known = {role.name: role for role in Role.objects.filter(tenant=None)}
        for built_in in BUILT_IN:
            _provide(built_in, known.get(built_in.name))


def is_built_in(role: Role) -> bool:
    return role.tenant_id is None and role.name in {built_in.name for built_in in BUILT_IN}


def _provide(built_in: BuiltIn, role: Role | None) -> None:
    if role is None:
        role = Role.objects.create(name=built_in.name, description=built_in.description)
    new = tuple(label for label in built_in.permissions if label not in role.provided)
    if new:
        role.permissions.add(*permissions(new))
        role.provided = [*role.provided, *new]
        role.save(update_fields=["provided"])


def permissions(labels: tuple[str, ...]) -> list[Permission]:
    """Return the permissions with these labels, ``app.codename``."""
    wanted = Q(pk__in=[])
    for label in labels:
        app, codename = label.split(".", 1)
        wanted |= Q(content_type__app_label=app, codename=codename)
    return list(Permission.objects.filter(wanted))
