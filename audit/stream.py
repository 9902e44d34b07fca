"""The subcommand ``audit stream``: the trail as lines of JSON on standard output, for log shippers. It can resume."""

import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any, TextIO

from django.core.management.base import CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import InterfaceError, OperationalError, connection

from audit import tail
from audit.models import Entry
from audit.serialization import serialize
from audit.tail import Cursor

BATCH = 1000  # entries in memory
PAUSE = 1.0  # seconds between polls at the end of the trail


def add_subcommand(subcommands: Any) -> None:
    parser = subcommands.add_parser("stream", help="write entries as lines of JSON, and follow the trail")
    parser.set_defaults(run=run)
    parser.add_argument("--after", type=int, metavar="ID", help="start after the entry with this id")
    parser.add_argument("--from-start", action="store_true", help="start with the oldest entry")
    parser.add_argument("--cursor", type=Path, metavar="FILE", help="resume at the cursor in this file and update it")
    parser.add_argument("--once", action="store_true", help="exit when all settled entries have been written")


def run(
    _say: Callable[[str], object],
    *,
    after: int | None,
    from_start: bool,
    cursor: Path | None,
    once: bool,
    out: TextIO = sys.stdout,
    **_: Any,
) -> None:
    """Write entries until a signal arrives. If killed, the next run repeats some lines but skips none.

    Raises CommandError.
    """
    place = _begin(after=after, from_start=from_start, cursor=cursor)
    with _until_a_signal() as stopped:
        for entries, reached in _follow(place, stopped=stopped, once=once):
            _write(entries, out)
            if cursor is not None:
                _note(cursor, reached)


def _write(entries: list[Entry], out: TextIO) -> None:
    try:
        out.writelines(_line(entry) for entry in entries)
        if entries:
            out.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), out.fileno())  # discards what is left in its buffer
        raise CommandError("The reader has closed the pipe; the cursor stays before these entries.") from None


def _line(entry: Entry) -> str:
    return json.dumps(serialize(entry), cls=DjangoJSONEncoder, ensure_ascii=False) + "\n"


def _begin(*, after: int | None, from_start: bool, cursor: Path | None) -> Cursor:
    if cursor is not None and cursor.exists():
        return _noted(cursor)
    if after is not None:
        entry = Entry.objects.filter(pk=after).first()
        if entry is None:
            raise CommandError(f"There is no entry {after} in the trail. Start with --from-start.")
        return tail.cursor_at(entry)
    return Cursor() if from_start else tail.current_cursor()


def _follow(place: Cursor, *, stopped: threading.Event, once: bool) -> Iterator[tuple[list[Entry], Cursor]]:
    """Yield entries as the trail grows. While the database is unavailable, wait, and continue at the same position."""
    while not stopped.is_set():
        try:
            for entries, reached in tail.batches(place, limit=BATCH):
                yield entries, reached
                place = reached
                if stopped.is_set():
                    return
        except (OperationalError, InterfaceError) as away:
            if once:
                raise CommandError(f"The database is unavailable ({type(away).__name__}).") from None
            connection.close()
        if once:
            return
        stopped.wait(PAUSE)


def _noted(file: Path) -> Cursor:
    try:
        return Cursor(**json.loads(file.read_text()))
    except (ValueError, TypeError):
        raise CommandError(f"{file} does not contain a cursor that this command has written.") from None


def _note(file: Path, place: Cursor) -> None:
    """Replace the file atomically, so that it has the old or the new position if the process is killed."""
    beside = file.with_name(f"{file.name}.new")
    beside.write_text(json.dumps(asdict(place)))
    beside.replace(file)


@contextmanager
def _until_a_signal() -> Iterator[threading.Event]:
    """Yield an event that SIGTERM and SIGINT set, so that the stream ends between two batches."""
    stopped = threading.Event()
    stop: Callable[..., None] = lambda *_: stopped.set()  # noqa: E731  # a signal's handler
    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stopped
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
