"""What can be a deferred task: functions, by the name under which they are kept."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

Work = TypeVar("Work", bound=Callable[..., None])

_tasks: dict[str, "RegisteredTask"] = {}


class RetryLater(Exception):
    """A deferred task could not be done now. Its text goes into the log."""


@dataclass(frozen=True, kw_only=True)
class RegisteredTask:
    """``is_one_transaction``: it does nothing but write to the database, and so happens wholly and once."""

    name: str
    work: Callable[..., None]
    is_one_transaction: bool


def deferred_task(name: str, *, is_one_transaction: bool = True) -> Callable[[Work], Work]:
    """Register a deferred task. It takes JSON-serialisable keyword arguments only."""

    def declare(work: Work) -> Work:
        _tasks[name] = RegisteredTask(name=name, work=work, is_one_transaction=is_one_transaction)
        return work

    return declare


def task_of(work: Callable[..., Any]) -> RegisteredTask:
    return next(kind for kind in _tasks.values() if kind.work is work)


def task_named(name: str) -> RegisteredTask:
    """Raises TryLater where there is none: another version has left it, and will be here again, or is here already."""
    try:
        return _tasks[name]
    except KeyError:
        raise RetryLater(f"no deferred task is called {name[:40]!r}") from None
