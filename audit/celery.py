"""How a job knows on whose behalf it runs: who asked for it travels in the headers of its message."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import UUID

from celery import signals

from audit.context import Actor, ActorKind, Context, acting, current

NOBODY = Context()

HEADER = "audit"
_entered: dict[str, ExitStack] = {}  # by the task's id, until it has run


def connect() -> None:
    signals.before_task_publish.connect(tell)
    signals.task_prerun.connect(enter)
    signals.task_postrun.connect(leave)


def tell(*, headers: dict[str, Any], **_signal: Any) -> None:
    headers[HEADER] = told()


def told() -> dict[str, str]:
    """Return on whose behalf we act, as a message can carry it, or a row."""
    context = current()
    actor, behind = context.who(), context.who_is_behind()
    found = {
        "kind": actor and actor.kind,
        "id": actor and actor.id,
        "behind_kind": behind and behind.kind,
        "behind_id": behind and behind.id,
        "tenant": context.tenant_id,
        "reason": context.reason,
        "request": context.request_id,
        "batch": context.batch_id,
    }
    return {name: str(value) for name, value in found.items() if value}


def enter(*, task_id: str, task: Any, **_signal: Any) -> None:
    """A job that nobody asked for is its own actor. One that runs where it is called has its caller's context."""
    outside = current() if task.request.is_eager else NOBODY
    stack = _entered[task_id] = ExitStack()
    stack.enter_context(as_told(task.request.get(HEADER) or {}, job=task.name, outside=outside))


def leave(*, task_id: str, **_signal: Any) -> None:
    stack = _entered.pop(task_id, None)
    if stack:
        stack.close()


@contextmanager
def as_told(told: dict[str, str], *, job: str, outside: Context = NOBODY) -> Iterator[None]:
    """Act on behalf of whom a message or a row tells of, or else the job's own."""
    actor = _told(told, "kind", "id") or outside.who()
    with acting(
        actor=actor or Actor(ActorKind.JOB, job),
        behind=_told(told, "behind_kind", "behind_id") or outside.who_is_behind(),
        tenant_id=told.get("tenant") or outside.tenant_id,
        reason=told.get("reason") or outside.reason,
        request_id=UUID(told["request"]) if "request" in told else outside.request_id,
        batch_id=UUID(told["batch"]) if "batch" in told else outside.batch_id,
    ):
        yield


def _told(headers: dict[str, str], kind: str, name: str) -> Actor | None:
    return Actor(ActorKind(headers[kind]), headers[name]) if name in headers else None
