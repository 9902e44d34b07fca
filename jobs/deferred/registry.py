"""What can be an errand: functions, by the name under which they are kept."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

Work = TypeVar("Work", bound=Callable[..., None])

_kinds: dict[str, "Kind"] = {}


class TryLater(Exception):
    """An errand could not be done now. Its text goes into the log."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """``is_one_transaction``: it does nothing but write to the database, and so happens wholly and once."""

    name: str
    work: Callable[..., None]
    is_one_transaction: bool


def errand(name: str, *, is_one_transaction: bool = True) -> Callable[[Work], Work]:
    """Let a function be an errand; what it is called with must be what JSON knows, and given by name."""

    def declare(work: Work) -> Work:
        _kinds[name] = Kind(name=name, work=work, is_one_transaction=is_one_transaction)
        return work

    return declare


def kind_of(work: Callable[..., Any]) -> Kind:
    return next(kind for kind in _kinds.values() if kind.work is work)


def kind_named(name: str) -> Kind:
    """Raises TryLater where there is none: another version has left it, and will be here again, or is here already."""
    try:
        return _kinds[name]
    except KeyError:
        raise TryLater(f"no errand is called {name[:40]!r}") from None
