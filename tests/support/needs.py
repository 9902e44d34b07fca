"""The marks of tests that need more than this process and its servers, and the selection of `make test-fast`.

A test that uses a fixture that starts something is marked automatically. A test that starts a process itself needs the
mark ``process``; without it, the start fails.
"""

import functools
import os
import subprocess
from collections.abc import Callable, Iterable
from typing import Any

import pytest

# Marks, by the fixtures that start something.
NEEDED_BY = {"chromium": "browser", "site": "process", "keycloak": "process"}
# What starts a process, and which of its arguments says what it starts.
STARTS = ((subprocess.Popen, "__init__", 1), (os, "fork", 0), (os, "forkpty", 0), (os, "posix_spawn", 0))
DRIVER = "playwright"  # in the path of the program that starts browsers
LEFT_OUT = ("browser", "process", "slow")  # marks of what `make test-fast` does not run
NOT_MEASURED = ("browser",)  # marks of what `make coverage` runs as if nobody looked: it would be slower
DATABASE = ("db", "transactional_db")  # fixtures of pytest-django
VARIANTS = 3  # of a test without the database that are run there


class NotMarked(Exception):
    """A test starts a process or a browser without the mark for it."""


def mark(items: Iterable[pytest.Item]) -> None:
    """Mark the tests that use one of the fixtures, and those whose lines are not counted."""
    for item in items:
        for fixture, name in NEEDED_BY.items():
            if fixture in getattr(item, "fixturenames", ()):
                item.add_marker(name)
        if any(item.get_closest_marker(name) for name in NOT_MEASURED):
            item.add_marker("no_cover")  # of pytest-cov


def is_fast(item: pytest.Item) -> bool:
    """Whether `make test-fast` runs a test: it needs nothing, and is one of the first variants of its function.

    With the database that is the first alone. Without it a test is cheap: then it is one of the first three.
    """
    if any(item.get_closest_marker(name) for name in LEFT_OUT):
        return False
    # pytest numbers the variants here, or the values of a fixture that has some.
    indices = item.callspec.indices if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    return max(indices.values(), default=0) < (1 if _uses_database(item) else VARIANTS)


def _uses_database(item: pytest.Item) -> bool:
    fixtures = getattr(item, "fixturenames", ())
    return item.get_closest_marker("django_db") is not None or any(name in fixtures for name in DATABASE)


class Watch:
    """Watches for processes that a test starts. Raises NotMarked if the test has no mark for it.

    It stands before what starts them. An audit hook (PEP 578) would be shorter, but until Python 3.12 a thread may not
    be given to a tracer while a hook in Python runs for another one: the new thread of a server, measured by coverage,
    would end before it answers.
    """

    def __init__(self) -> None:
        self.item: pytest.Item | None = None
        for owner, name, what in STARTS:
            setattr(owner, name, self._before(getattr(owner, name), what))

    def _before(self, start: Callable[..., Any], what: int) -> Callable[..., Any]:
        @functools.wraps(start)
        def watched(*arguments: Any, **options: Any) -> Any:
            self._hear(f"{[*arguments[what : what + 1], *filter(None, [options.get('args')])]}")
            return start(*arguments, **options)

        return watched

    def _hear(self, started: str) -> None:
        if self.item is None:
            return
        needed = "browser" if DRIVER in started else "process"
        if self.item.get_closest_marker(needed) is None:
            raise NotMarked(f"{self.item.nodeid} starts {started}: mark it @pytest.mark.{needed}")
