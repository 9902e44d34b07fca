"""The acts of administrators on clients. All changes go through these functions, and the trail records them.

They work in the context of the client's tenant, or of the whole site. The caller has made sure that the actor is
recently reauthenticated, and that the client is within the actor's reach (``delegation``).
"""

from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from accounts.models import User
from audit.events import record
from authserver import events
from authserver.clients import registration, secrets
from authserver.models import Client, ClientSecret
from foundation import lifetimes
from foundation.declarations import AppEvent

CHANGEABLE = (
    "name", "is_first_party", "is_delegated", "grants", "scopes", "resources", "redirect_uris",
    "post_logout_redirect_uris", "web_origins", "backchannel_logout_uri", "token_format", "refresh_policy",
    "signing_algorithm", "is_pkce_optional", "service_id",
)  # fmt: skip


class PublicClient(Exception):
    """A public client has no secret."""


def add_secret(client: Client, *, former_ends_now: bool = False) -> str:
    """Give a client another secret and return it, which is shown only once. Raises PublicClient.

    Two are valid at once: the new one, and for ``lifetimes.SECRET_OVERLAP`` the one before it, unless that is to end
    now. Nobody can choose a secret.
    """
    if client.is_public:
        raise PublicClient
    secret = secrets.new_secret()
    with transaction.atomic():
        _lock(client)
        alive = list(_alive(client).order_by("-created_at", "-pk").values_list("pk", flat=True))
        overlapping = [] if former_ends_now else alive[:1]
        _alive(client).exclude(pk__in=overlapping).update(expires_at=Now())
        _alive(client).filter(pk__in=overlapping, expires_at=None).update(expires_at=Now() + lifetimes.SECRET_OVERLAP)
        ClientSecret.objects.create(client=client, digest=secrets.digest_of(secret))
        _record(events.CLIENT_SECRET_ADDED, client)
    return secret


def revoke_secret(client: Client, key: int) -> bool:
    """Revoke a secret at once, even the last one, and return whether it was valid. Issued tokens stay valid."""
    with transaction.atomic():
        _lock(client)
        if not _alive(client).filter(pk=key).update(expires_at=Now()):
            return False
        _record(events.CLIENT_SECRET_REVOKED, client)
    return True


def stop(client: Client) -> bool:
    """Stop a client and return whether it was running. Everything that it was given is invalid from now on, for good.

    Our endpoints refuse it at the next request. Resource servers that verify JWTs offline accept them until they
    expire (ADR 42).
    """
    return _switch(client, is_active=False)


def start(client: Client) -> bool:
    """Let a stopped client work again, and return whether it was stopped. What it was given before stays invalid."""
    return _switch(client, is_active=True)


def change(client: Client, *, actor: User | None = None) -> list[str]:
    """Save the changed fields of a client and return their names. Raises ValidationError, by field.

    The same is checked as at the registration. The tenant, the kind and the ID of a client never change. A client whose
    service is taken away is stopped (ADR 52).
    """
    with transaction.atomic():
        before = Client.objects.select_for_update().get(pk=client.pk)
        client.tenant_id, client.is_public, client.client_id = before.tenant_id, before.is_public, before.client_id
        registration.check(client, actor=actor, before=before)
        fields = [name for name in CHANGEABLE if getattr(client, name) != getattr(before, name)]
        if fields:
            registration.create_scopes(client.scopes)
            client.save(update_fields=fields)
            client.refresh_from_db(fields=["is_active"])
            record(
                events.CLIENT_CHANGED, object=client, tenant_id=client.tenant_id, app=client.client_id, fields=fields
            )
    return fields


def delete(client: Client) -> None:
    """Delete a client with its secrets, its tokens, and what people had agreed to."""
    with transaction.atomic():
        _record(events.CLIENT_DELETED, client)
        client.delete()


def _switch(client: Client, *, is_active: bool) -> bool:
    moved = {} if is_active else {"not_before": Now()}
    with transaction.atomic():
        _lock(client)  # fails for a client out of scope, which would otherwise seem to be stopped already
        rows = Client.objects.filter(pk=client.pk, is_active=not is_active)
        if not rows.update(is_active=is_active, **moved):
            return False
        client.refresh_from_db(fields=["is_active", "not_before"])
        _record(events.CLIENT_STARTED if is_active else events.CLIENT_STOPPED, client)
    return True


def _lock(client: Client) -> None:
    """Serialise the acts on a client, so that there are never more than two secrets. Raises Client.DoesNotExist."""
    Client.objects.select_for_update(no_key=True).get(pk=client.pk)


def _alive(client: Client) -> "QuerySet[ClientSecret]":
    return ClientSecret.objects.filter(Q(expires_at=None) | Q(expires_at__gt=Now()), client=client)


def _record(event: AppEvent, client: Client) -> None:
    record(event, object=client, tenant_id=client.tenant_id, app=client.client_id)
