"""Installs a lock into a virtual environment: `python -m config.installing LOCK FOLDER`. It needs only Python.

uv does it in seconds; pip only installs uv, by the hash in the lock. Where uv is unavailable or cannot reach the
index, pip installs everything. Locks keep extras, so that every pip reads them alike (ADR 26).
"""

import ast
import os
import re
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from config import disk_errors

UVS_NAMES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "no-index": "UV_NO_INDEX",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
    "client-cert": "SSL_CLIENT_CERT",
    "proxy": "ALL_PROXY",
    "timeout": "UV_HTTP_TIMEOUT",
    "default-timeout": "UV_HTTP_TIMEOUT",
}  # by pip's option
CHOICE = re.compile(r"^(global|install|:env:)\.(\S+?)=(.*)$", re.MULTILINE)  # a line of ``pip config list``


class CannotInstall(Exception):
    """The text says why and what to do, in one line."""


class Obstructed(CannotInstall):
    """The machine itself is the obstacle, as when its disk is full: pip would fail as uv did."""


def install(lock: Path, folder: Path) -> None:
    """Make ``folder`` a virtual environment with the locked packages. Raises CannotInstall and OSError."""
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):  # an unwritable folder fails here, with an error that says so
        pass
    if not _has_pip(folder):
        _run([sys.executable, "-m", "venv", "--clear", str(folder)], folder)
    try:
        _bring_uv(folder, lock)
        _sync(folder, lock)
    except Obstructed:
        raise
    except CannotInstall as refused:
        say(f"uv does not work here, so pip installs, which takes a minute ({refused})")
        _run([*_pip(folder), "--no-deps", "--require-hashes", "--requirement", str(lock)], folder)  # the lock lists all


def uv_environment(python: Path) -> dict[str, str]:
    """Return an environment in which uv looks for packages where pip does; variables of uv's own win."""
    choices = {UVS_NAMES[option]: value for option, value in _pips_choices(python).items() if option in UVS_NAMES}
    if links := choices.get("UV_FIND_LINKS"):
        choices["UV_FIND_LINKS"] = ",".join(place for place in links.split() if "://" in place or Path(place).exists())
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")  # pip reads these, uv does not
    store = ssl.get_default_verify_paths()
    trusted = {"SSL_CERT_FILE": bundle} if bundle else {"UV_SYSTEM_CERTS": "1"} if store.cafile or store.capath else {}
    strategy = {"UV_INDEX_STRATEGY": "unsafe-best-match"}  # as pip does; the hashes make it safe
    return {**strategy, **trusted, **choices, **os.environ}


def uv_in(lock: str) -> str:
    """Return only the lines that lock uv. Raises CannotInstall when there are none."""
    found = re.search(r"^uv==(?:.*\\\n)*.*\n", lock, re.MULTILINE)
    if not found:
        raise CannotInstall("uv is not in the lock")
    return found[0]


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  # the person at the terminal reads this


def _bring_uv(folder: Path, lock: Path) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".lock") as only_uv:
        only_uv.write(uv_in(lock.read_text(encoding="utf-8")))
        only_uv.flush()
        _run([*_pip(folder), "--no-deps", "--only-binary", "uv", "--require-hashes", "-r", only_uv.name], folder)


def _sync(folder: Path, lock: Path) -> None:
    python = _python(folder)
    command = [str(python.with_name("uv")), "pip", "sync", "--quiet", "--require-hashes", "--python", str(python)]
    _run([*command, str(lock)], folder, environment=uv_environment(python))


def _python(folder: Path) -> Path:
    return folder / "bin" / "python"


def _has_pip(folder: Path) -> bool:
    command = [str(_python(folder)), "-Ic", "import pip"]
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def _pip(folder: Path) -> list[str]:
    return [str(_python(folder)), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]


def _pips_choices(python: Path) -> dict[str, str]:
    """Read the options in pip's configuration files and variables; the more specific section wins."""
    command = [str(python), "-m", "pip", "config", "list"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    chosen: dict[str, str] = {}
    for section in ("global", "install", ":env:"):
        for named, option, value in CHOICE.findall(listed):
            if named == section:
                chosen[option] = str(ast.literal_eval(value))
    return chosen


def _run(command: list[str], where: Path, *, environment: Mapping[str, str] = os.environ) -> None:
    """Run a command. Raises CannotInstall with the obstacle, or else with the last line of its output."""
    done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace", check=False)
    if not done.returncode:
        return
    said = f"{done.stdout}\n{done.stderr}".strip()
    if obstacle := disk_errors.found_in(said, where):
        raise Obstructed(obstacle)
    if "ensurepip is not" in said:
        raise CannotInstall("Python's venv is incomplete: install python3-venv, or set PYTHON to another Python")
    raise CannotInstall(said.splitlines()[-1] if said else f"{command[0]} ended with status {done.returncode}")


def main(lock: Path, folder: Path) -> str | None:
    """Install, and mark the folder as done for `make`. Return what went wrong."""
    say(f"Installing what is locked in {lock} ...")
    try:
        install(lock, folder)
        (folder / "installed").touch()
    except OSError as failed:
        return f"Cannot install: {disk_errors.sentence(failed, folder)}"
    except CannotInstall as refused:
        return f"Cannot install: {refused}"
    return None


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
