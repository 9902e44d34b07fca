"""The functions that can be deferred tasks, by the name that is stored in the row."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

Work = TypeVar("Work", bound=Callable[..., None])

_tasks: dict[str, "RegisteredTask"] = {}


class RetryLater(Exception):
    """The deferred task cannot run now. The text of the exception is logged."""


@dataclass(frozen=True, kw_only=True)
class RegisteredTask:
    """A function that can be deferred.

    ``is_one_transaction`` says that it only writes to the database. It then runs in one transaction, and exactly once.
    """

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
    """Return the task of this name. Raises RetryLater if there is none.

    Then another version of the code has stored it, and workers of that version may still run or run again.
    """
    try:
        return _tasks[name]
    except KeyError:
        raise RetryLater(f"no deferred task is called {name[:40]!r}") from None
