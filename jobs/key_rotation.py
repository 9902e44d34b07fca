"""Encrypting everything anew under the newest key, while all of it goes on being read (ADR 20).

A line for each column that holds encrypted texts; another application registers its own when it is ready.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils import timezone

from audit.context import Actor, ActorKind
from audit.models import JobRun
from foundation.encryption import DecryptionFailed, KeyLost, decrypt, encrypt, is_current, key_ids, key_of
from tenancy import site_context

JOB = "rewrapping"
ACTOR = Actor(ActorKind.JOB, JOB)
SLICE = 500  # rows that are read at once

_registered: list["Encrypted"] = []


@dataclass(frozen=True, kw_only=True)
class Encrypted:
    """A column of encrypted texts: whose each is, and for what. With ``key`` it is that of a JSON object in the column.

    ``of_tenants``: rows are seen in a tenant's context, or the site's.
    """

    rows: Callable[[], models.QuerySet[Any]]
    column: str
    owner: Callable[[Any], object]
    purpose: str
    key: str = ""
    of_tenants: bool = False

    @property
    def name(self) -> str:
        return f"{self.rows().model._meta.db_table}.{self.column}"

    def read(self, row: Any) -> str:
        value = getattr(row, self.column)
        text = value.get(self.key) if self.key and isinstance(value, dict) else value
        return text if isinstance(text, str) else ""

    def write(self, row: Any, text: str) -> bool:
        """Write upon what was read, or not at all: somebody may have changed it meanwhile."""
        before = getattr(row, self.column)
        after = {**before, self.key: text} if self.key else text
        return bool(self.rows().filter(pk=row.pk, **{self.column: before}).update(**{self.column: after}))


@dataclass
class Rewrapped:
    """How many texts a column has under which key, how many were encrypted anew, and how many nobody can read."""

    name: str
    under: dict[str, int] = field(default_factory=dict)
    renewed: int = 0
    lost: int = 0
    foreign: int = 0


def register(*found: Encrypted) -> None:
    _registered.extend(found)


def look() -> list[Rewrapped]:
    """Count what is there, and change nothing."""
    return [_through(one, renew=False, deadline=float("inf")) for one in _registered]


def rewrap(*, seconds: float | None = None) -> list[Rewrapped]:
    """Encrypt anew what is not under the newest key. Killed or done twice at once it does no harm.

    With a time budget it remembers when all was done for this key, and then does nothing.
    """
    if seconds is not None and _is_done():
        return []
    deadline = time.monotonic() + seconds if seconds is not None else float("inf")
    found = [_through(one, renew=True, deadline=deadline) for one in _registered]
    if time.monotonic() < deadline:
        progress = {"key": key_ids()[0]}
        JobRun.objects.update_or_create(name=JOB, defaults={"ran_at": timezone.now(), "progress": progress})
    return found


def _is_done() -> bool:
    run = JobRun.objects.filter(name=JOB).first()
    return run is not None and run.progress.get("key") == key_ids()[0]


def _through(encrypted: Encrypted, *, renew: bool, deadline: float) -> Rewrapped:
    found = Rewrapped(name=encrypted.name)
    with ExitStack() as stack:
        if encrypted.of_tenants:
            stack.enter_context(
                site_context("secrets are encrypted under the newest key, whosever they are", actor=ACTOR)
            )
        for row in _all(encrypted.rows()):
            text = encrypted.read(row)
            if text:
                _look_at(encrypted, row, text, found, renew=renew)
            if time.monotonic() >= deadline:
                break
    return found


def _look_at(encrypted: Encrypted, row: Any, text: str, found: Rewrapped, *, renew: bool) -> None:
    try:
        under = key_of(text)
        if renew and not is_current(text):
            owner = encrypted.owner(row)
            clear = decrypt(text, owner=owner, purpose=encrypted.purpose)
            if encrypted.write(row, encrypt(clear, owner=owner, purpose=encrypted.purpose)):
                found.renewed += 1
                under = key_ids()[0]
    except KeyLost:
        pass  # counted below
    except DecryptionFailed:
        found.foreign += 1
        return
    found.lost += under not in key_ids()
    found.under[under] = found.under.get(under, 0) + 1


def _all(rows: models.QuerySet[Any]) -> Iterator[Any]:
    """Go through a table by its key, so that no transaction lasts."""
    last = None
    while True:
        page = rows.order_by("pk") if last is None else rows.filter(pk__gt=last).order_by("pk")
        found = list(page[:SLICE])
        yield from found
        if len(found) < SLICE:
            return
        last = found[-1].pk
