"""Which connections there are, as far as this process knows, so that a sign-in costs at most one statement.

Each process keeps a snapshot and the providers that it has built. A stamp in the cache changes with every connection;
a snapshot with another stamp is read again. Nothing is decided by a snapshot: before anybody is signed in,
``find_current`` reads the connection's row.
"""

import logging
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from django.db import OperationalError, transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from redis.exceptions import RedisError

from foundation import signed_cache
from foundation.encryption import DecryptionFailed
from foundation.rows import Rows, fetch_one
from providers.base import Provider
from providers.connections.building import build
from providers.models import Connection
from tenancy import site_context

logger = logging.getLogger(__name__)

KEY = "connections:stamp"
CACHED_FOR = 600  # seconds, after which a change that bypassed Django is noticed at the latest
MOST_BUILT = 256  # providers of this process; each keeps its connections to the provider's servers
CONNECTIONS = Rows(Connection, "(f.connection)")
CURRENT = f"SELECT {CONNECTIONS.columns}, f.owned_domains FROM public.connection_to_sign_in(%s) f"
FIELDS = ("id", "slug", "label", "issuer", "tenant_id", "version", "is_listed", "is_active")


@dataclass(frozen=True, kw_only=True)
class KnownConnection:
    """What a process knows of each connection."""

    id: UUID
    slug: str
    label: str
    issuer: str
    tenant_id: UUID | None
    version: int
    is_listed: bool
    is_active: bool


@dataclass
class _Snapshot:
    stamp: str = ""
    known: Mapping[str, KnownConnection] = field(default_factory=dict)


_snapshot = _Snapshot()
_built: OrderedDict[UUID, tuple[int, Provider]] = OrderedDict()  # by the connection's id: a slug may come again


def known() -> Mapping[str, KnownConnection]:
    """Return the connections of the site and of all tenants, by slug.

    While the database does not answer, they are those that this process knew last: pages that need nothing else of it
    still work.
    """
    global _snapshot  # noqa: PLW0603  # replaced as a whole, so that threads need no lock
    stamp = _stamp()
    if stamp and stamp == _snapshot.stamp:
        return _snapshot.known
    try:
        found = _read()
    except OperationalError:
        return _snapshot.known
    if stamp != signed_cache.CHANGING:
        _snapshot = _Snapshot(stamp or _new_stamp(), found)
    return found


def find(slug: str) -> Provider | None:
    """Return the provider of an active connection as this process knows it, or None."""
    entry = known().get(slug)
    if entry is None or not entry.is_active:
        return None
    version, provider = _built.get(entry.id, (0, None))
    return provider if provider is not None and version == entry.version else find_current(slug)


def find_current(slug: str, *, even_inactive: bool = False) -> Provider | None:
    """Return the provider of a connection as its row is now, or None if it is not active. One statement."""
    row = fetch_one(CURRENT, [slug])
    if row is None:
        return None
    connection = CONNECTIONS.read(row)
    provider = _provider(connection) if connection.is_active or even_inactive else None
    if provider is None:
        return None
    as_now = copy(provider)  # with the same caches and client
    as_now.owned_domains = frozenset(row[-1])
    return as_now


def current(slug: str) -> Connection | None:
    """Return the row of a connection, active or not, whoever it belongs to. One statement."""
    row = fetch_one(CURRENT, [slug])
    return CONNECTIONS.read(row) if row is not None else None


def _provider(connection: Connection) -> Provider | None:
    """Return the provider that this process built of this version, so that its caches and connections are reused."""
    version, provider = _built.get(connection.pk, (0, None))
    if provider is not None and version == connection.version:
        return provider
    try:
        provider = build(connection)
    except DecryptionFailed:
        logger.exception("the client secret of a connection cannot be decrypted: connection=%s", connection.slug)
        return None
    former = _built.pop(connection.pk, None)
    if former is not None:
        former[1].upstream.close()
    _built[connection.pk] = (connection.version, provider)
    while len(_built) > MOST_BUILT:
        _built.popitem(last=False)[1][1].upstream.close()
    return provider


def forget() -> None:
    """Close the connections to all providers that this process has built, and build them anew when needed."""
    global _snapshot  # noqa: PLW0603
    _snapshot = _Snapshot()
    while _built:
        _built.popitem()[1][1].upstream.close()


@receiver([post_save, post_delete], sender=Connection, dispatch_uid="invalidate the directory of connections")
def invalidate(**_: Any) -> None:
    """Send readers to the database from now on, and again once the transaction of the change has committed."""
    signed_cache.mark_changing(KEY)
    transaction.on_commit(partial(signed_cache.mark_changing, KEY))


def _read() -> dict[str, KnownConnection]:
    with site_context("which connections there are"):
        rows = Connection.objects.values(*FIELDS)
        return {row["slug"]: KnownConnection(**row) for row in rows}


def _stamp() -> str:
    """Return the stamp of the present connections, CHANGING, or "" if the cache has none."""
    try:
        found = signed_cache.get_settled(KEY, within=CACHED_FOR)
    except RedisError:
        return ""
    return found.value if isinstance(found, signed_cache.Signed) else found or ""


def _new_stamp() -> str:
    """Return a new stamp for a snapshot that was just read, or "" if another process was faster or a change began."""
    stamp = secrets.token_hex(8)
    try:
        return stamp if signed_cache.add(KEY, stamp, seconds=CACHED_FOR) else ""
    except RedisError:
        return ""
