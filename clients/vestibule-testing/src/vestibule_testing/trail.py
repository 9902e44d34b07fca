"""The trail of Vestibule, as tests read it: what was recorded since they began."""

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from vestibule_testing.commands import Commands

PAUSE = 0.05  # seconds between two looks
Entry = dict[str, Any]


class Trail:
    """The entries of the trail. It is read on from where it was read last."""

    def __init__(self, commands: Commands) -> None:
        self._commands = commands
        self._entries: list[Entry] = []

    def read(self) -> list[Entry]:
        """Return all settled entries, oldest first."""
        after = ("--after", str(self._entries[-1]["id"])) if self._entries else ("--from-start",)
        printed = self._commands.run("audit", "stream", "--once", *after)
        self._entries += map(json.loads, printed.splitlines())
        return self._entries

    def begin(self) -> "Recorded":
        """Return the entries from now on."""
        return Recorded(self, len(self.read()))


class Recorded:
    """The entries since a test began."""

    def __init__(self, trail: Trail, first: int) -> None:
        self._trail, self._first = trail, first

    def entries(self) -> list[Entry]:
        return self._trail.read()[self._first :]

    def __call__(
        self,
        kind: str,
        *,
        person: object = None,
        actor: object = None,
        tenant: object = None,
        details: Mapping[str, Any] | None = None,
        within: float = 5.0,
    ) -> Entry:
        """Assert that something was recorded, and return its entry. Wait for it ``within`` so many seconds: jobs record
        what they do later, and an entry settles when older transactions have ended.

        ``kind`` is an event such as ``identity.linked``, or a table and a verb, such as
        ``accounts_membership.create``. ``person``, ``actor`` and ``tenant`` are ids or objects of this package.
        ``details`` must be among those of the event.
        """
        ids = {"person": _id(person), "actor": _id(actor), "tenant": _id(tenant)}
        wanted = {name: found for name, found in ids.items() if found}
        deadline = time.monotonic() + within
        while True:
            entries = self.entries()
            for entry in _matching(entries, kind, wanted, details or {}):
                return entry
            if time.monotonic() > deadline:
                seen = "\n".join(f"  {entry['type']} of {entry['person']} by {entry['actor']}" for entry in entries)
                raise AssertionError(
                    f"No {kind} with {wanted} {details or ''} was recorded, but:\n{seen or '  nothing'}"
                )
            time.sleep(PAUSE)


def _matching(entries: list[Entry], kind: str, wanted: dict[str, str], details: Mapping[str, Any]) -> Iterator[Entry]:
    for entry in entries:
        said = {**entry, "actor": entry["actor"]["id"]}
        is_so = all(str(said[name]) == value for name, value in wanted.items())
        if entry["type"] == kind and is_so and details.items() <= (entry["details"] or {}).items():
            yield entry


def _id(of: object) -> str:
    return "" if of is None else str(getattr(of, "id", of))
