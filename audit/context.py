"""On whose behalf we act, and within what: known to every write and every event."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import TypedDict, Unpack
from uuid import UUID

from django.db import models
from django.utils.translation import gettext_lazy as _


class ActorKind(models.TextChoices):
    PERSON = "person", _("person")
    SERVICE = "service", _("service")
    COMMAND = "command", _("command")
    JOB = "job", _("job")
    MIGRATION = "migration", _("migration")
    DATABASE = "database", _("database role, nobody having said more")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a person by the account's id, a service by its own, a command, job or migration by its name.

    ``DATABASE`` is what the database itself writes when no actor is known, with the name of the role; it
    does not believe it of anybody else.
    """

    kind: ActorKind
    id: str

    def __post_init__(self) -> None:
        if not (0 < len(self.id) <= 200 and self.id.isprintable()):
            raise ValueError("an actor's id is 1 to 200 printable characters")

    def __str__(self) -> str:
        return f"{self.kind}: {self.id}"


@dataclass(frozen=True, kw_only=True)
class Context:
    """What a write or an event may say about its circumstances. A callable actor is asked when one happens."""

    actor: Actor | Callable[[], Actor | None] | None = None
    tenant_id: UUID | str | None = None
    request_id: UUID | None = None
    batch_id: UUID | None = None
    reason: str | None = None
    address: str | None = None
    user_agent: str | None = None
    comments: dict[tuple[Actor | None, str | None], str] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def who(self) -> Actor | None:
        return self.actor() if callable(self.actor) else self.actor


class Changes(TypedDict, total=False):
    actor: Actor | Callable[[], Actor | None] | None
    tenant_id: UUID | str | None
    request_id: UUID | None
    batch_id: UUID | None
    reason: str | None
    address: str | None
    user_agent: str | None


_NOBODY = Context()
_context: ContextVar[Context] = ContextVar("audit_context", default=_NOBODY)


def current() -> Context:
    return _context.get()


@contextmanager
def acting(**changes: Unpack[Changes]) -> Iterator[Context]:
    """Until the block ends, act under the given circumstances; what is not given stays as it was outside.

    ``reason``, ``address`` and ``user_agent`` reach events only: statements carry ids, because statements are
    read in server logs (ADR 4).
    """
    context = replace(_context.get(), **changes)
    token = _context.set(context)
    try:
        yield context
    finally:
        _context.reset(token)
