"""How a job knows on whose behalf it runs: who asked for it travels in the headers of its message."""

from contextlib import ExitStack
from typing import Any
from uuid import UUID

from celery import signals

from audit.context import Actor, ActorKind, Context, acting, current

HEADER = "audit"
_entered: dict[str, ExitStack] = {}  # by the task's id, until it has run


def connect() -> None:
    signals.before_task_publish.connect(tell)
    signals.task_prerun.connect(enter)
    signals.task_postrun.connect(leave)


def tell(*, headers: dict[str, Any], **_signal: Any) -> None:
    context = current()
    actor = context.who()
    told = {
        "kind": actor and actor.kind,
        "id": actor and actor.id,
        "request": context.request_id,
        "batch": context.batch_id,
    }
    headers[HEADER] = {name: str(value) for name, value in told.items() if value}


def enter(*, task_id: str, task: Any, **_signal: Any) -> None:
    """A job that nobody asked for is its own actor. One that runs where it is called has its caller's context."""
    told: dict[str, str] = task.request.get(HEADER) or {}
    outside = current() if task.request.is_eager else Context()
    actor = Actor(ActorKind(told["kind"]), told["id"]) if "id" in told else outside.who()
    stack = _entered[task_id] = ExitStack()
    stack.enter_context(
        acting(
            actor=actor or Actor(ActorKind.JOB, task.name),
            request_id=UUID(told["request"]) if "request" in told else outside.request_id,
            batch_id=UUID(told["batch"]) if "batch" in told else outside.batch_id,
        )
    )


def leave(*, task_id: str, **_signal: Any) -> None:
    stack = _entered.pop(task_id, None)
    if stack:
        stack.close()
