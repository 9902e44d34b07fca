"""The map of a move: a CSV file with an old and a new subject on each line."""

import csv
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path

from providers.identity import LONGEST_SUBJECT, is_subject

LARGEST = 64 * 2**20  # bytes: room for 800,000 people whose subjects are UUIDs
HEADER = ["old", "new"]


class MapRefused(Exception):
    """The file is no map. The argument says which line is wrong, and how."""


def read(file: Path) -> Mapping[str, str]:
    """Return the new subjects by the old ones (RFC 4180; the first line may be ``old,new``). Raises MapRefused."""
    subjects: dict[str, str] = {}
    taken = dict[str, int]()
    for number, row in _rows(file):
        if len(row) != len(HEADER):
            raise MapRefused(f"{file}, line {number}: expected two values, an old and a new subject; found {len(row)}")
        for subject in row:
            _check(subject, f"{file}, line {number}")
        old, new = row
        if old in subjects:
            raise MapRefused(f"{file}, line {number}: {old!r} has a new subject already")
        if new in taken:
            raise MapRefused(f"{file}, line {number}: {new!r} is the new subject on line {taken[new]} already")
        subjects[old], taken[new] = new, number
    if not subjects:
        raise MapRefused(f"{file} has no line with an old and a new subject")
    return subjects


def _rows(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows with the numbers of their lines, without empty ones and the header."""
    reader = csv.reader(StringIO(_text(file), newline=""), strict=True)
    try:
        for row in reader:
            if row and not (row == HEADER and reader.line_num == 1):
                yield reader.line_num, row
    except csv.Error as broken:
        raise MapRefused(f"{file}, line {reader.line_num}: {broken}") from None


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST + 1)
    except (OSError, ValueError) as unreadable:
        raise MapRefused(f"{file}: {getattr(unreadable, 'strerror', '') or unreadable}") from None
    if len(content) > LARGEST:
        raise MapRefused(f"{file} is larger than {LARGEST // 2**20} MiB: move in several parts")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as broken:
        raise MapRefused(f"{file} is not UTF-8, from byte {broken.start} on") from None


def _check(subject: str, where: str) -> None:
    if not is_subject(subject):
        raise MapRefused(f"{where}: a subject has 1 to {LONGEST_SUBJECT} characters, and none is NUL")
    if subject != subject.strip():
        raise MapRefused(f"{where}: {subject[:40]!r} begins or ends with a blank")
