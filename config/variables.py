"""The variables of the environment and of a checkout's files, as text.

Every variable may be given as ``NAME_FILE``, a path to read the value from. Outside production, variables that the
environment lacks come from a checkout's ``.env`` (yours) or ``.local/env`` (written by ``make run``). With
``VESTIBULE_STATE`` in the environment, a run keeps its state in that folder, and neither of the two is read (ADR 68).
"""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from dotenv import dotenv_values
from pydantic import ValidationError

from config import disk_errors

CHECKOUT = Path(__file__).resolve().parent.parent
_ELSEWHERE = os.environ.get("VESTIBULE_STATE")
STATE = Path(_ELSEWHERE).absolute() if _ELSEWHERE else CHECKOUT / ".local"
OWN_FILE = CHECKOUT / ".env"
LOCAL_FILES = (*(() if _ELSEWHERE else (OWN_FILE,)), STATE / "env")


class ConfigurationRefused(Exception):
    """The environment is not a safe configuration. The text lists every fault on a line of its own."""


def given(names: Iterable[str], environ: Mapping[str, str]) -> dict[str, str]:
    """Return the values of those variables that are set. Raises ConfigurationRefused for an unreadable file."""
    files = () if environ.get("MODE") == "production" else LOCAL_FILES
    layers = [environ, *(_file(path) for path in files)]
    values = {name: next((v for layer in layers if (v := _given(layer, name)) is not None), None) for name in names}
    return {name: value for name, value in values.items() if value is not None}


def _file(path: Path) -> Mapping[str, str]:
    try:
        found = dotenv_values(path, interpolate=False) if path.is_file() else {}
    except OSError as unreadable:
        raise ConfigurationRefused(disk_errors.sentence(unreadable, path)) from None
    return {name: value for name, value in found.items() if value is not None}


def _given(layer: Mapping[str, str], name: str) -> str | None:
    if name in layer:
        return layer[name]
    path = layer.get(f"{name}_FILE")
    if not path:
        return None
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as unreadable:
        raise ConfigurationRefused(f"{name}_FILE: {unreadable.strerror}: {path}") from None


def as_lines(refused: ValidationError) -> str:
    """Return one line for each fault."""
    lines = []
    for fault in refused.errors(include_input=False, include_url=False):
        message = fault["msg"].removeprefix("Value error, ")
        lines.append(f"{str(fault['loc'][0]).upper()}: {message}" if fault["loc"] else message)
    return "The configuration was refused:\n" + "\n".join(f"  {line}" for text in lines for line in text.split("\n"))
