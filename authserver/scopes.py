"""The scopes that we define, and which claims they release (OpenID Connect Core, section 5.4)."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from uuid import UUID

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from authserver.models import Client, RegisteredScope
from authserver.protocol.errors import ErrorCode, OAuthError
from foundation.rows import fetch_one

OPENID, PROFILE, EMAIL, OFFLINE = "openid", "profile", "email", "offline_access"
ACCOUNT_READ, ACCOUNT_WRITE = "account:read", "account:write"
MEMBERS_READ, MEMBERS_WRITE, ROLES_WRITE = "members:read", "members:write", "roles:write"
SETTINGS_READ, SETTINGS_WRITE = "settings:read", "settings:write"
USERS_READ, USERS_WRITE = "users:read", "users:write"
CLIENTS_READ, CLIENTS_WRITE = "clients:read", "clients:write"
AUDIT_READ = "audit:read"

OF_OPENID: dict[str, Promise] = {
    OPENID: _("know who you are, by an identifier that never changes"),
    PROFILE: _("see your name, your organizations and your roles in them"),
    EMAIL: _("see your e-mail address"),
    OFFLINE: _("keep access while you are not there"),
}
OF_API: dict[str, Promise] = {  # of our own API, about the person
    ACCOUNT_READ: _("see your sessions, your second factors, your API keys and the apps connected to your account"),
    ACCOUNT_WRITE: _("change your name, sign you out, revoke API keys and connected apps, and lock your account"),
}
OF_TENANTS: dict[str, Promise] = {  # of our own API, for people and services
    MEMBERS_READ: _("see the members of your organization, their roles and invitations"),
    MEMBERS_WRITE: _("invite people to your organization, change their roles, and remove them"),
    ROLES_WRITE: _("define the roles of your organization"),
    SETTINGS_READ: _("see the settings of your organization"),
    SETTINGS_WRITE: _("change the settings of your organization"),
}
OF_ADMINISTRATORS: dict[str, Promise] = {  # of our own API, for what administrators see and do
    USERS_READ: _("see the people whom you administer, and where they are signed in"),
    USERS_WRITE: _("deactivate the accounts that you administer, cut them off, and change their rights"),
    CLIENTS_READ: _("see the apps that you administer"),
    CLIENTS_WRITE: _("register, change and stop the apps that you administer, and replace their secrets"),
    AUDIT_READ: _("read the trail as far as you may see it"),
}
BUILT_IN: Mapping[str, Promise] = OF_OPENID | OF_API | OF_TENANTS | OF_ADMINISTRATORS
OF_PEOPLE = frozenset(
    OF_OPENID | OF_API
)  # they say something about a person, so a client in its own name gets none of them

# The scopes that include another one, directly or through others.
ABOVE = """
    WITH RECURSIVE above(name) AS (
        SELECT s.name FROM authserver_registeredscope s WHERE %(scope)s = ANY (s.includes)
        UNION
        SELECT s.name FROM authserver_registeredscope s JOIN above a ON a.name = ANY (s.includes)
    )
    SELECT array_agg(name) FROM above
"""


def holds(given: AbstractSet[str], scope: str, tenant_id: UUID | None) -> bool:
    """Whether scopes that were given allow what requires a scope: it is among them, or one that includes it.

    ``org:<tenant>:<scope>`` counts as the scope in that tenant alone. No query is made if the scope itself was given.
    """
    if _names(scope, tenant_id) & given:
        return True
    row = fetch_one(ABOVE, {"scope": scope}) if given else None
    return any(_names(above, tenant_id) & given for above in (row and row[0]) or ())


def _names(scope: str, tenant_id: UUID | None) -> set[str]:
    return {scope, f"org:{tenant_id}:{scope}"} if tenant_id else {scope}


def supported() -> list[str]:
    """Return the scopes that the metadata lists: ours, and those with the mark."""
    own = RegisteredScope.objects.filter(is_advertised=True).order_by("name").values_list("name", flat=True)
    return [*OF_OPENID, *own]


def in_words(names: Iterable[str]) -> dict[str, str | Promise]:
    """Return scopes in words that complete “This app wants to …”; one without a description stands for itself."""
    names = list(names)
    own = dict(RegisteredScope.objects.filter(name__in=names).values_list("name", "description"))
    return {name: BUILT_IN.get(name) or own.get(name) or name for name in names}


def allowed(client: Client, wanted: Iterable[str], *, for_person: bool) -> list[str]:
    """Return the scopes of a request. Raises OAuthError (``invalid_scope``) if the client may not ask for one.

    No scope means no scope, and never all of them (RFC 6749, section 3.3).
    """
    scopes = list(wanted)
    excess = [name for name in scopes if name not in client.scopes or (not for_person and name in OF_PEOPLE)]
    if excess:
        raise OAuthError(ErrorCode.INVALID_SCOPE, "The client may not ask for one of these scopes.")
    return scopes


def still_allowed(client: Client, given: Iterable[str]) -> list[str]:
    """Return those of the scopes given earlier that the client may still have."""
    return [name for name in given if name in client.scopes]


def narrowed(given: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """Return the wanted part of scopes that were given, or all. Raises OAuthError if more is wanted than was given."""
    given, wanted = list(given), list(wanted)
    if not set(wanted) <= set(given):
        raise OAuthError(ErrorCode.INVALID_SCOPE, "The request asks for more than was granted.")
    return wanted or given
