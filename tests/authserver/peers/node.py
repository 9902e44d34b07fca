"""openid-client, a Node library, as an app in a process of its own, with packages that are installed for the tests."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.apps import App

FILES = Path(__file__).with_name("openid_client")
UNREACHABLE = ("EAI_AGAIN", "ECONNREFUSED", "ECONNRESET", "ENETUNREACH", "ENOTFOUND", "ETIMEDOUT")  # codes of npm


class PeerRefused(Exception):
    """The library refuses an answer, or was refused; the text is its own."""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A running app."""

    process: "subprocess.Popen[str]"

    def does(self, act: str, **given: Any) -> dict[str, Any]:
        """Let the app do something that ``peer.js`` knows, and return what came of it. Raises PeerRefused."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"act": act, **given}) + "\n")
        self.process.stdin.flush()
        said = json.loads(self.process.stdout.readline() or '{"refused": "the process has ended"}')
        if "refused" in said:
            raise PeerRefused(said["refused"])
        found: dict[str, Any] = said["result"]
        return found


def installed(folder: Path) -> Path:
    """Install the locked packages into a folder. Without Node the tests are skipped, and fail in CI."""
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            _not_here(f"{program} is not on the PATH")
    shutil.copytree(FILES, folder, dirs_exist_ok=True)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if any(code in done.stderr for code in UNREACHABLE):
        _not_here("the npm registry cannot be reached from here")
    assert done.returncode == 0, done.stderr
    return folder


def _not_here(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def running(folder: Path, own: App, *, issuer: str, authentication: str = "ClientSecretBasic") -> Iterator[Peer]:
    """Run an app with the installed packages. ``authentication`` is the library's name of the client's method."""
    environment = os.environ | {
        "ISSUER": issuer,
        "CLIENT_ID": own.client.client_id,
        "CLIENT_SECRET": own.secret,
        "REDIRECT_URI": own.callback,
        "AUTHENTICATION": authentication,
    }
    pipe = subprocess.PIPE
    with subprocess.Popen(
        ["node", "peer.js"], cwd=folder, env=environment, stdin=pipe, stdout=pipe, text=True
    ) as process:
        yield Peer(process=process)
        assert process.stdin
        process.stdin.close()
