"""The acts of administrators on connections. All changes go through these functions (ADR 71).

Each raises NotDelegated if the administrator may not do it, and ValidationError, by field, if it cannot be done. Then
nothing was written. ``by`` is the administrator.
"""

import secrets
from functools import cache

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import URLResolver, get_resolver
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import ClaimRule, Identity, User
from accounts.organizations.delegation import NotDelegated, may_grant
from audit.events import Event, record
from foundation import receivers
from foundation.issuers import fault_of_microsoft
from foundation.receivers import ReceiverRefused
from providers import registry
from providers.connections.building import encrypted
from providers.connections.owners import TAKEN, check_owner, one_owner
from providers.models import Connection, ConnectionKind, RevocationState, UpstreamRevocation
from providers.models.connection import LONGEST_SLUG
from tenancy import site_context, tenant_context

RANDOM = 4  # bytes of a generated short name, written as twice as many digits
WHICH_CLIENT = ("kind", "issuer", "client_id")  # what a test sign-in has tested
KEPT = ("slug", "tenant_id", "client_secret", "is_active", "tested_at", "version", "created_at")  # on no form


def create(connection: Connection, *, secret: str, by: User, slug: str = "") -> None:
    """Save a new connection. It is off until it has passed a test sign-in.

    Only superusers choose the short name, and only for the site: a tenant must not take a name that others expect.
    """
    _require(connection, by, "add")
    if slug:
        check_slug(slug, connection, by=by)
    connection.slug = slug or _generated(connection)
    if not secret:
        raise ValidationError({"secret": _("Enter the secret of the client.")})
    connection.is_active, connection.tested_at = False, None
    connection.client_secret = encrypted(secret, connection)
    check(connection, by=by)
    with one_owner():
        connection.save(force_insert=True)


def change(connection: Connection, *, secret: str = "", by: User) -> None:
    """Save new values. An empty secret keeps the present one.

    With another kind, issuer or client nothing of the last test holds: the connection is off until it is tested again.
    """
    with transaction.atomic():
        stored = _locked(connection)
        _require(stored, by, "change")
        for name in KEPT:
            setattr(connection, name, getattr(stored, name))
        check(connection, by=by)
        _check_people_stay(connection, stored)
        if secret:
            connection.client_secret = encrypted(secret, connection)
        was_active = connection.is_active
        if _changed(connection, stored, *WHICH_CLIENT):
            connection.is_active, connection.tested_at = False, None
        with one_owner():
            connection.save()
        if was_active and not connection.is_active:
            _record(Event.CONNECTION_SWITCHED_OFF, connection)


def switch_on(connection: Connection, *, by: User) -> None:
    """Let people sign in through a connection that has passed a test sign-in."""
    with transaction.atomic():
        stored = _locked(connection)
        _require(stored, by, "change")
        if stored.tested_at is None:
            raise ValidationError(_("Sign in once as a test first. Only then can this connection be switched on."))
        check(stored, by=by)
        _switch(stored, is_active=True)


def switch_off(connection: Connection, *, by: User) -> None:
    """Let nobody sign in through a connection any more. Its identities stay."""
    with transaction.atomic():
        stored = _locked(connection)
        _require(stored, by, "change")
        _switch(stored, is_active=False)


def delete(connection: Connection, *, by: User) -> None:
    """Delete a connection that nothing refers to any more."""
    with transaction.atomic():
        stored = _locked(connection)
        _require(stored, by, "delete")
        if Identity.objects.filter(provider=stored.slug).exists():
            raise ValidationError(_("People sign in through this connection. Switch it off instead."))
        if _has_tokens(stored):
            raise ValidationError(_("Tokens of this connection are being revoked. Try again in a while."))
        if ClaimRule.objects.filter(provider=stored.slug).exists():
            raise ValidationError(_("Claim rules refer to this connection. Delete them first."))
        stored.delete()


def note_test(connection: Connection, *, version: int) -> bool:
    """Note that this version of a connection passed a test sign-in. Return False if it was changed meanwhile.

    An administrator who might change it has started the test; the answer comes where no tenant's context is.
    """
    scope = tenant_context(connection.tenant_id) if connection.tenant_id else site_context("a test of the site's own")
    with transaction.atomic(), scope:
        stored = Connection.objects.select_for_update(of=("self",)).filter(pk=connection.pk, version=version).first()
        if stored is None:
            return False
        stored.tested_at = timezone.now()
        stored.save()
    return True


def check(connection: Connection, *, by: User) -> None:
    """Check the values of a connection before it is saved or switched on."""
    if connection.kind == ConnectionKind.GITHUB:
        connection.issuer = connection.issuer.rstrip("/")  # as in its callbacks
    connection.full_clean(exclude={"client_secret", *([] if connection.slug else ["slug"])})
    _check_url(connection)
    role = connection.sign_up_role
    if role is not None and connection.tenant_id is not None and not may_grant(by, role, connection.tenant_id):
        raise NotDelegated("role_above")
    if connection.tenant_id is not None and registry.is_of_environment(connection.issuer):
        raise ValidationError({"issuer": TAKEN})
    check_owner(connection.issuer, connection.tenant_id)


def check_slug(slug: str, connection: Connection, *, by: User) -> None:
    """Check a short name that a superuser has chosen. It stands where pages of ours have their words."""
    if not by.is_superuser or connection.tenant_id is not None:
        raise NotDelegated("short_name_above")
    try:
        connection._meta.get_field("slug").clean(slug, connection)
    except ValidationError as refused:
        raise ValidationError({"slug": refused.messages}) from refused
    is_taken = Connection.objects.filter(slug=slug).exists()
    if is_taken or slug in settings.SIGN_IN_PROVIDERS or slug in words_of_ours():
        raise ValidationError({"slug": _("This short name is taken.")})


def _check_url(connection: Connection) -> None:
    try:
        receivers.read(connection.issuer)
    except ReceiverRefused as refused:
        raise ValidationError({"issuer": str(refused)}) from None
    if connection.kind == ConnectionKind.MICROSOFT and fault_of_microsoft(connection.issuer):
        words = _("Name one tenant of Microsoft: https://login.microsoftonline.com/<tenant ID>/v2.0, with its ID.")
        raise ValidationError({"issuer": words})


def _check_people_stay(connection: Connection, stored: Connection) -> None:
    """Refuse another kind or issuer while people have identities of the present one: they could not come back."""
    changed = _changed(connection, stored, "kind", "issuer")
    if not changed:
        return
    if Identity.objects.filter(provider=stored.slug).exists() or _has_tokens(stored):
        words = _(
            "People sign in through this connection, so this cannot change. "
            "Whoever runs the site can move them to another issuer (manage.py identities move)."
        )
        raise ValidationError(dict.fromkeys(changed, words))


def _has_tokens(connection: Connection) -> bool:
    """Whether tokens of it wait to be revoked. Those in the vault belong to identities."""
    return UpstreamRevocation.objects.filter(provider=connection.slug, state=RevocationState.WAITING).exists()


def _changed(connection: Connection, stored: Connection, *names: str) -> list[str]:
    return [name for name in names if getattr(connection, name) != getattr(stored, name)]


def _switch(connection: Connection, *, is_active: bool) -> None:
    if connection.is_active != is_active:
        connection.is_active = is_active
        connection.save()
        _record(Event.CONNECTION_SWITCHED_ON if is_active else Event.CONNECTION_SWITCHED_OFF, connection)


def _record(event: Event, connection: Connection) -> None:
    record(event, object=connection, tenant_id=connection.tenant_id, provider=connection.slug)


def _locked(connection: Connection) -> Connection:
    """Return the row as it is now, if it is in the administrator's scope, and hold it."""
    return Connection.objects.select_for_update(of=("self",)).get(pk=connection.pk)


def _require(connection: Connection, by: User, act: str) -> None:
    """Require that the administrator works for the whole site, or for the connection's tenant with the permission."""
    if by.is_superuser and by.is_active:
        return
    membership = by.active_membership
    is_theirs = membership is not None and membership.tenant_id == connection.tenant_id
    if not is_theirs or not by.has_perm(f"providers.{act}_connection"):
        raise NotDelegated("connection_above")


def _generated(connection: Connection) -> str:
    """Return a new short name: what the service is, and a random part that nobody else's URL has."""
    rest = LONGEST_SLUG - 2 * RANDOM - 1
    return f"{(connection.preset or connection.kind)[:rest].rstrip('-')}-{secrets.token_hex(RANDOM)}"


@cache
def words_of_ours() -> frozenset[str]:
    """Return the words that pages of ours have in the URLs of accounts where a provider's has its short name."""
    pages = [
        page
        for one in get_resolver().url_patterns
        if isinstance(one, URLResolver) and str(one.pattern) == "accounts/"
        for page in one.url_patterns
    ]
    return frozenset(str(page.pattern).partition("/")[0] for page in pages)
