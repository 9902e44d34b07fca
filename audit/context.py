"""The context of every write and every event: who acts, for which tenant, and in which request or batch."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import TypedDict, Unpack
from uuid import UUID, uuid4

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
    """Who acts: a person by the id of the account, a service by its id, a command, job or migration by its name.

    ``DATABASE`` is what the database itself writes when no actor is known, with the name of the role. It does not
    accept this kind with another id.
    """

    kind: ActorKind
    id: str

    def __post_init__(self) -> None:
        if not (0 < len(self.id) <= 200 and self.id.isprintable()):
            raise ValueError("an actor's id is 1 to 200 printable characters")

    def __str__(self) -> str:
        return f"{self.kind}: {self.id}"

    def __hash__(self) -> int:
        """Hash the id only. This runs for every write, and the hash of an enum member is computed in Python."""
        return hash(self.id)


ActorSource = Actor | Callable[[], Actor | None] | None


@dataclass
class Traces:
    """What a request has recorded in the trail so far."""

    has_changed: bool = False  # or has tried to: the change may have been rolled back
    has_recorded_request: bool = False  # an event holds its address and its browser


@dataclass(frozen=True, kw_only=True)
class Context:
    """The circumstances of a write or an event. A callable actor is called when one happens.

    ``behind`` is the person who acts through the actor: who impersonates somebody, or for whom a service acts.
    """

    actor: ActorSource = None
    behind: ActorSource = None
    tenant_id: UUID | str | None = None
    request_id: UUID | None = None
    batch_id: UUID | None = None
    reason: str | None = None
    ip_address: str | None = None
    user_agent: str | None = None
    traces: Traces | None = field(default=None, repr=False, compare=False)
    comments: dict[tuple[Actor | None, Actor | None, str | None], str] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def who(self) -> Actor | None:
        return self.actor() if callable(self.actor) else self.actor

    def who_is_behind(self) -> Actor | None:
        return self.behind() if callable(self.behind) else self.behind


class ContextChanges(TypedDict, total=False):
    actor: ActorSource
    behind: ActorSource
    tenant_id: UUID | str | None
    request_id: UUID | None
    batch_id: UUID | None
    reason: str | None
    ip_address: str | None
    user_agent: str | None
    traces: Traces | None


_NOBODY = Context()
_context: ContextVar[Context] = ContextVar("audit_context", default=_NOBODY)


def current() -> Context:
    return _context.get()


@contextmanager
def acting(**changes: Unpack[ContextChanges]) -> Iterator[Context]:
    """Act in the given circumstances until the block ends. What is not given stays as it was outside.

    ``reason``, ``ip_address`` and ``user_agent`` reach events only: statements carry ids, because statements are
    read in server logs (ADR 4). A change's reason is that of the event "reason.given" with the same request or batch
    id. If there is neither, the block gets a batch id of its own (ADR 18).
    """
    context = replace(_context.get(), **changes)
    if context.reason and not (context.request_id or context.batch_id):
        context = replace(context, batch_id=uuid4())
    token = _context.set(context)
    try:
        yield context
    finally:
        _context.reset(token)
