"""Passes the audit context of the caller to a job, in the headers of its message.

The broker is a store that others may be able to write to. So the context is signed together with the message's id, its
task and its arguments; otherwise an attacker who can write there could act in anybody's name. A message without a valid
signature still runs, with the job itself as the actor: its arguments are ids, which the job looks up (ADR 30).
"""

import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import UUID

from celery import signals
from kombu.utils import json

from audit.context import Actor, ActorKind, Context, acting, current
from foundation.macs import is_authentic, mac

logger = logging.getLogger(__name__)

NO_ACTOR = Context()

HEADER, SIGNATURE = "audit", "audit_mac"
USE = "message"
WARNED_EVERY = 60  # seconds

_warned: dict[str, int] = {}  # the window of the last warning, by task
_entered: dict[str, ExitStack] = {}  # the open contexts of running tasks, by task id


def connect() -> None:
    signals.before_task_publish.connect(attach_context)
    signals.task_prerun.connect(start_task)
    signals.task_postrun.connect(end_task)


def attach_context(*, headers: dict[str, Any], body: Any, **_signal: Any) -> None:
    headers[HEADER] = serialize_context()
    headers[SIGNATURE] = mac(USE, *_parts(headers["id"], headers["task"], headers[HEADER], body[0], body[1]))


def serialize_context() -> dict[str, str]:
    """Return the current audit context as a dictionary of strings, for a message or a row."""
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


def start_task(*, task_id: str, task: Any, args: Any, kwargs: Any, **_signal: Any) -> None:
    """Enter the context of the message. Without one the job is its own actor; an eager task keeps its caller's."""
    outside = current() if task.request.is_eager else NO_ACTOR
    stack = _entered[task_id] = ExitStack()
    context = task.request.get(HEADER)
    if context:
        parts = _parts(task_id, task.name, context, args, kwargs)
        context = context if is_authentic(task.request.get(SIGNATURE), USE, *parts) else _reject(task.name)
    stack.enter_context(acting_for(context or {}, job=task.name, outside=outside))


def end_task(*, task_id: str, **_signal: Any) -> None:
    stack = _entered.pop(task_id, None)
    if stack:
        stack.close()


def _parts(task_id: str, task: str, context: object, args: object, kwargs: object) -> tuple[str, ...]:
    """Return the signed parts as JSON with sorted keys, because the message loses tuples and the order of keys."""
    return task_id, task, *(_text(part) for part in (context, args, kwargs))


def _text(part: object) -> str:
    text: str = json.dumps(part, sort_keys=True)  # type: ignore[no-untyped-call]  # a library without types
    return text


def _reject(task: str) -> dict[str, str]:
    """Return an empty context instead of one that we did not sign, and warn once per window and task."""
    window = int(time.time() // WARNED_EVERY)
    if _warned.get(task) != window:
        _warned[task] = window
        logger.warning("the context of a message was not signed by us: task=%s", task)
    return {}


@contextmanager
def acting_for(context: dict[str, str], *, job: str, outside: Context = NO_ACTOR) -> Iterator[None]:
    """Act in the context from a message or a row. What it lacks comes from ``outside``; the last resort is the job."""
    actor = _context_of(context, "kind", "id") or outside.who()
    with acting(
        actor=actor or Actor(ActorKind.JOB, job),
        behind=_context_of(context, "behind_kind", "behind_id") or outside.who_is_behind(),
        tenant_id=context.get("tenant") or outside.tenant_id,
        reason=context.get("reason") or outside.reason,
        request_id=UUID(context["request"]) if "request" in context else outside.request_id,
        batch_id=UUID(context["batch"]) if "batch" in context else outside.batch_id,
    ):
        yield


def _context_of(headers: dict[str, str], kind: str, name: str) -> Actor | None:
    return Actor(ActorKind(headers[kind]), headers[name]) if name in headers else None
