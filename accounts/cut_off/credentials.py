"""The classes of what opens something for a person: one line for each. Another application registers its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.utils.functional import Promise

from accounts.sessions import Because

_registered: dict[str, "Credentials"] = {}


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How many there were, and the names of what has yet to follow elsewhere, such as at a provider."""

    count: int
    follows: Sequence[str] = ()


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """One class, such as sessions.

    ``end`` ends all that these people have, in the caller's transaction. ``alive`` returns how many could still be
    used, by asking whoever would let them in: never by believing ``end``. ``pending`` returns how much of what was to
    follow elsewhere has not.
    """

    name: str
    label: str | Promise
    end: Callable[[Sequence[UUID], Because], Ended]
    alive: Callable[[Sequence[UUID]], int]
    pending: Callable[[Sequence[str]], int] = lambda _follows: 0


def register(*found: Credentials) -> None:
    _registered.update({one.name: one for one in found})


def forget(name: str) -> None:
    _registered.pop(name, None)


def classes() -> list[Credentials]:
    """Return what is registered, in the order of the registration: the accounts' own first."""
    return list(_registered.values())


def end_all(people: Sequence[UUID], *, because: Because) -> dict[str, Ended]:
    """End everything that these people have, in the caller's transaction, and return what there was of each class."""
    return {one.name: one.end(people, because) for one in classes()}
