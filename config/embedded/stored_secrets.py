"""The secrets of a checkout's servers: generated once and stored in a private file for the next start."""

import os
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

from config.embedded.child import CannotStart

MADE = {
    "SECRET_KEY": 48,
    "SUPERUSER_PASSWORD": 24,
    "OWNER_PASSWORD": 24,
    "RUNTIME_PASSWORD": 24,
    "BACKUP_PASSWORD": 24,
    "VALKEY_PASSWORD": 24,
    "ADMIN_PASSWORD": 12,
}  # bytes of randomness


def secrets_in(path: Path) -> dict[str, str]:
    """Read the stored secrets, and generate those that are missing."""
    known = read(path)
    complete = {name: known.get(name) or secrets.token_urlsafe(size) for name, size in MADE.items()}
    if complete != known:
        write(path, complete)
    return complete


def read(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    return {name: value for name, value in dotenv_values(path, interpolate=False).items() if value is not None}


def write(path: Path, values: Mapping[str, str]) -> None:
    """Replace a file of ``NAME=value`` lines atomically, readable by its owner only.

    Raises CannotStart on a value that ``read`` would not return: the format cannot express every value.
    """
    beside = path.with_name(f"{path.name}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
        file.writelines(f"{name}={_quoted(value)}\n" for name, value in values.items())
    found = read(beside)
    if lost := [name for name, value in values.items() if found.get(name) != value]:
        raise CannotStart(
            f"{lost[0]} has characters that cannot be stored in {path}: put it in a file, named by {lost[0]}_FILE"
        )
    beside.replace(path)


def _quoted(value: str) -> str:
    """Return a value as it is, or quoted if spaces, quotes, ``#`` or line breaks would cut it."""
    if value == value.strip() and not re.search(r"^['\"]|\s#|[\r\n]", value):
        return value
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
