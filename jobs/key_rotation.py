"""Key rotation: encrypts every stored secret again under the newest key, while all stay readable (ADR 20).

The ``encrypted.py`` of the installed apps declare the columns with secrets.
"""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils import timezone

from audit.context import Actor, ActorKind
from audit.models import JobRun
from foundation import discovery
from foundation.declarations import Encrypted
from foundation.encryption import DecryptionFailed, KeyLost, decrypt, encrypt, is_current, key_ids, key_of
from tenancy import site_context
from tenancy.owned import has_owner

JOB = "key-rotation"
ACTOR = Actor(ActorKind.JOB, JOB)
SLICE = 500  # rows per query


@dataclass
class KeyUsage:
    """How many texts of a column are under which key, how many were re-encrypted, and how many cannot be decrypted.

    ``lost`` counts texts under keys that we do not have, ``foreign`` those that are not bound to their row.
    """

    name: str
    by_key: dict[str, int] = field(default_factory=dict)
    renewed: int = 0
    lost: int = 0
    foreign: int = 0


def encrypted() -> list[Encrypted]:
    """Return the declarations of all encrypted columns. Raises ImproperlyConfigured."""
    return list(discovery.declared("encrypted", Encrypted).values())


def count_keys() -> list[KeyUsage]:
    """Count the texts under each key without changing anything."""
    return [_through(one, renew=False, deadline=float("inf")) for one in encrypted()]


def rotate(*, seconds: float | None = None) -> list[KeyUsage]:
    """Encrypt again what is not under the newest key. It is safe to kill a run and to run it twice at once.

    With a time budget it does nothing if an earlier run has finished for this key, and returns an empty list.
    """
    if seconds is not None and _is_done():
        return []
    deadline = time.monotonic() + seconds if seconds is not None else float("inf")
    found = [_through(one, renew=True, deadline=deadline) for one in encrypted()]
    if time.monotonic() < deadline:
        progress = {"key": key_ids()[0]}
        JobRun.objects.update_or_create(name=JOB, defaults={"ran_at": timezone.now(), "progress": progress})
    return found


def _is_done() -> bool:
    run = JobRun.objects.filter(name=JOB).first()
    return run is not None and run.progress.get("key") == key_ids()[0]


def read(column: Encrypted, row: Any) -> str:
    """Return the encrypted text of a row, or an empty string."""
    value = getattr(row, column.attribute(column.column))
    text = value.get(column.key) if column.key and isinstance(value, dict) else value
    return text if isinstance(text, str) else ""


def write(column: Encrypted, row: Any, text: str) -> bool:
    """Write the text unless the value has changed since it was read. Return whether it was written."""
    name = column.attribute(column.column)
    before = getattr(row, name)
    after = {**before, column.key: text} if column.key else text
    return bool(rows_of(column).filter(pk=row.pk, **{name: before}).update(**{name: after}))


def rows_of(column: Encrypted) -> models.QuerySet[Any]:
    return column.rows() if column.rows else column.model_class._base_manager.all()  # noqa: SLF001  # not scoped


def _through(column: Encrypted, *, renew: bool, deadline: float) -> KeyUsage:
    found = KeyUsage(name=f"{column.table}.{column.column}")
    with ExitStack() as stack:
        if has_owner(column.model_class):
            stack.enter_context(
                site_context("key rotation encrypts the secrets of all tenants and people", actor=ACTOR)
            )
        for row in _all(rows_of(column)):
            text = read(column, row)
            if text:
                _examine(column, row, text, found, renew=renew)
            if time.monotonic() >= deadline:
                break
    return found


def _examine(column: Encrypted, row: Any, text: str, found: KeyUsage, *, renew: bool) -> None:
    try:
        under = key_of(text)
        if renew and not is_current(text):
            owner = column.owner(row)
            clear = decrypt(text, owner=owner, purpose=column.purpose)
            if write(column, row, encrypt(clear, owner=owner, purpose=column.purpose)):
                found.renewed += 1
                under = key_ids()[0]
    except KeyLost:
        pass  # counted below
    except DecryptionFailed:
        found.foreign += 1
        return
    found.lost += under not in key_ids()
    found.by_key[under] = found.by_key.get(under, 0) + 1


def _all(rows: models.QuerySet[Any]) -> Iterator[Any]:
    """Iterate over a table by its primary key, a page per query, so that no transaction is long."""
    last = None
    while True:
        page = rows.order_by("pk") if last is None else rows.filter(pk__gt=last).order_by("pk")
        found = list(page[:SLICE])
        yield from found
        if len(found) < SLICE:
            return
        last = found[-1].pk
