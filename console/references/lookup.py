"""Finding a refusal by its reference, as far as the user may see it."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib import admin
from django.http import HttpRequest

from accounts.models import Identity, User
from audit.events import Event
from audit.models import Entry
from audit.reading.filters import of_reference
from console.scope import actor
from providers.models import RefusedIdentity
from providers.refused.connecting import Obstacle, connection_entry, may_help, obstacle_to

MOST = 20  # refusals with one reference; two are equal by chance once in many millions


@dataclass(frozen=True, kw_only=True)
class ReferenceMatch:
    """A refusal: its entry, the refused identity if it is stored, and the account that it was about.

    ``is_known_account`` is True if there was an account, even if it no longer exists. ``connected_by`` is the entry
    that records who connected the identity. ``obstacle`` is what prevents the user from connecting it.
    """

    entry: Entry
    refused_identity: RefusedIdentity | Identity | None
    account: User | None
    is_known_account: bool
    connected_by: Entry | None
    obstacle: Obstacle | None

    @property
    def identity(self) -> Identity | None:
        return self.refused_identity if isinstance(self.refused_identity, Identity) else None

    @property
    def is_later(self) -> bool:
        """Whether the identity was refused again since, so that the stored values are from a later refusal."""
        reference = (self.entry.details or {}).get("reference")
        return isinstance(self.refused_identity, RefusedIdentity) and self.refused_identity.reference != reference

    @property
    def is_clash(self) -> bool:
        return (self.entry.details or {}).get("reason") == "email_of_another_account"


def find(request: HttpRequest, site: admin.AdminSite, reference: str) -> list[ReferenceMatch]:
    """Return the refusals with this reference that the user may see, the newest first.

    Superusers see all. Others see what the trail shows them, and refusals about accounts that they may help. Of other
    refusals they see nothing, not even that they exist.
    """
    return list(_found(request, site, reference))


def account_of(request: HttpRequest, site: admin.AdminSite, key: object) -> User | None:
    """Return the account with this id if it is in the user's scope and they may help it, otherwise None."""
    users = site._registry[User]  # noqa: SLF001  # as Django does
    account = users.get_object(request, str(key)) if key else None
    return account if account and may_help(actor(request), account) else None


def _found(request: HttpRequest, site: admin.AdminSite, reference: str) -> Iterator[ReferenceMatch]:
    entries = (
        Entry.objects.filter(of_reference(reference)).exclude(action=Event.REFUSED_IDENTITY_LINKED).order_by("-id")
    )
    connected_by = connection_entry(reference)
    for entry in entries[:MOST]:
        account = account_of(request, site, entry.person)
        if account is None and not _shows(request, site, entry):
            continue
        identity = _refused_identity(entry) if account or actor(request).is_superuser else None
        row = identity if isinstance(identity, RefusedIdentity) and identity.reference == reference else None
        yield ReferenceMatch(
            entry=entry,
            refused_identity=identity,
            account=account,
            is_known_account=entry.person is not None,
            connected_by=connected_by if connected_by and connected_by.person == entry.person else None,
            obstacle=obstacle_to(row, account, reference=reference, by=actor(request)),
        )


def _shows(request: HttpRequest, site: admin.AdminSite, entry: Entry) -> bool:
    """Return whether the trail shows the entry to the user."""
    trail = site._registry[Entry]  # noqa: SLF001  # as Django does
    return trail.has_view_permission(request) and trail.get_queryset(request).filter(pk=entry.pk).exists()


def _refused_identity(entry: Entry) -> RefusedIdentity | Identity | None:
    """Return the row that the entry names, or None if it is gone, as a refused identity is once it is connected."""
    if entry.object_id is None:
        return None
    if entry.object_table == Identity._meta.db_table:
        return Identity.objects.filter(pk=entry.object_id).select_related("user").first()
    if entry.object_table == RefusedIdentity._meta.db_table:
        return RefusedIdentity.objects.filter(pk=entry.object_id).first()
    return None
