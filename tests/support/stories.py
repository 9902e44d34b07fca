"""Collects the events that are recorded while the tests run, so that a full run can report those that never are.

They are seen at the statement that records an event, even if its transaction is rolled back, in every process of the
run. Only events that code of the product records count, not those that a test records itself.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import psycopg
import pytest
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created

from audit.event_details import DETAILS
from audit.events import RECORD, Event
from config.variables import CHECKOUT

TESTS = CHECKOUT / "tests"
# Functions of the database that record an event themselves, with the names of its details.
OWN_FUNCTIONS = {
    "audit_erase": (Event.PERSON_ERASED, {"entries"}),
    "audit_set_minimum": (Event.RETENTION_MINIMUM_SET, {"before", "days"}),
}
CALLED = "SELECT funcname FROM pg_stat_user_functions WHERE funcname = ANY (%s) AND calls > 0"
Heard = dict[str, list[str]]  # names of details, by event


class Stories:
    """Listens in one process. The first process merges what all have heard."""

    def __init__(self, config: pytest.Config, database: str = "") -> None:
        self.config, self.database = config, database
        self.heard: dict[str, set[str]] = {}
        self.faults: list[str] = []

    def listen(self) -> None:
        connection_created.connect(self._join, weak=False, dispatch_uid="the tests listen to events")

    def _join(self, *, connection: BaseDatabaseWrapper, **_signal: Any) -> None:
        if self._overhear not in connection.execute_wrappers:
            connection.execute_wrappers.append(self._overhear)

    def _overhear(self, execute: Callable[..., Any], sql: Any, params: Any, many: Any, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if sql == RECORD and _is_of_the_product(sys._getframe(1)):  # noqa: SLF001  # who called is the question
            name, told = params
            self.heard.setdefault(name, set()).update(json.loads(told).get("details", {}))
        return result

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Merge what another process heard. A process that died reports nothing, but then the run has failed."""
        for name, details in getattr(node, "workeroutput", {}).get("events", {}).items():
            self.heard.setdefault(name, set()).update(details)

    def ask(self, database: str) -> None:
        """Merge the calls of the database's own functions, which PostgreSQL counts."""
        with psycopg.connect(database) as connection:
            for (name,) in connection.execute(CALLED, [list(OWN_FUNCTIONS)]).fetchall():
                event, details = OWN_FUNCTIONS[name]
                self.heard.setdefault(event.value, set()).update(details)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        if self.database:
            self.ask(self.database)
        told = getattr(self.config, "workeroutput", None)
        if told is not None:
            told["events"] = {name: sorted(details) for name, details in self.heard.items()}
        elif exitstatus == pytest.ExitCode.OK:
            self.faults = [*undescribed(self.heard), *(untold(self.heard) if is_everything(self.config) else [])]
            if self.faults:
                session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        for fault in self.faults:
            terminalreporter.line(f"FAILED docs/events.md: {fault}", red=True)


def undescribed(heard: dict[str, set[str]]) -> list[str]:
    """Return a sentence for each recorded detail without a description. Any test run can show these."""
    return [
        f"{event.value} holds {name}, which is not described"
        for event in Event
        for name in sorted(heard.get(event.value, set()) - set(DETAILS.get(event, {})))
    ]


def untold(heard: dict[str, set[str]]) -> list[str]:
    """Return a sentence for each event and described detail that was never recorded. Only a full run shows these."""
    found = []
    for event in Event:
        if event.value not in heard:
            found.append(f"{event.value} was recorded by no story")
            continue
        found += (
            f"{event.value} never held {name}" for name in sorted(set(DETAILS.get(event, {})) - heard[event.value])
        )
    return found


def _is_of_the_product(frame: FrameType | None) -> bool:
    """Whether the caller of ``record`` is in the product and not in a test."""
    has_passed_record = False
    while frame is not None:
        path = Path(frame.f_code.co_filename)
        if has_passed_record:
            return path.is_relative_to(CHECKOUT) and not path.is_relative_to(TESTS)
        has_passed_record = path == CHECKOUT / "audit" / "events.py"
        frame = frame.f_back
    return False


def is_everything(config: pytest.Config) -> bool:
    """Whether the run includes all tests."""
    options = config.option
    flags = ("lf", "fast")  # of plugins and of conftest.py, which may be missing
    is_narrowed = options.keyword or options.markexpr or options.collectonly
    is_narrowed = is_narrowed or any(getattr(options, flag, False) for flag in flags)
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and not is_narrowed and not options.deselect
