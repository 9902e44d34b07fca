"""The processes of `make run`: the embedded servers, the site, its jobs and the sandbox."""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from signal import Signals

from config import alive, disk_errors, former_migrations
from config.embedded import child, roles
from config.embedded.child import CannotStart
from config.embedded.directories import Directories
from config.embedded.postgres import Postgres
from config.embedded.supervisor import Process, Service
from config.embedded.valkey import Valkey
from config.variables import CHECKOUT

DATABASE = "vestibule"
OWNER, RUNTIME = "vestibule_owner", "vestibule_app"


def postgres_service(postgres: Postgres) -> Service:
    return Service(
        name="postgres",
        launch=postgres.start,
        wait_ready=postgres.wait_ready,
        stop_by=Signals.SIGINT,  # "fast": disconnects clients, loses nothing
        hurry_by=Signals.SIGQUIT,  # "immediate": the next start recovers from the write-ahead log
        is_base=True,
    )


def valkey_service(valkey: Valkey) -> Service:
    return Service(name="valkey", launch=valkey.start, wait_ready=valkey.wait_ready, is_base=True)


def create_roles(postgres: Postgres, stored: Mapping[str, str]) -> dict[str, str]:
    """Create the roles and the database if they are missing, and return their URLs as settings."""
    urls = roles.provide(
        postgres,
        database=DATABASE,
        owner=(OWNER, stored["OWNER_PASSWORD"]),
        runtime=(RUNTIME, stored["RUNTIME_PASSWORD"]),
        backup=(roles.BACKUP_ROLE, stored["BACKUP_PASSWORD"]),
    )
    return {"DATABASE_URL": urls.runtime, "DATABASE_OWNER_URL": urls.owner}


def refuse_former(postgres: Postgres) -> None:
    """Raise CannotStart for a database of an older commit, which is left as it is."""
    with postgres.connect(DATABASE) as connection:
        has_any = connection.execute("SELECT to_regclass('django_migrations') IS NOT NULL").fetchone()
        applied = connection.execute("SELECT app, name FROM django_migrations").fetchall() if has_any == (True,) else []
    if former_migrations.unknown_in(applied):
        folders = " and ".join(dict.fromkeys(map(str, (postgres.place.state, postgres.place.server_home))))
        raise CannotStart(
            f"an older commit made the database in {folders}, with migrations that are gone: move {folders} aside "
            "to start afresh, or go back to that commit"
        )


@dataclass(frozen=True, kw_only=True)
class Programs:
    """The product's own programs, all started from the checkout with the same environment."""

    place: Directories
    environment: Mapping[str, str]

    def web(self, port: int) -> Service:
        return self._service("web", "gunicorn", "-c", "config/gunicorn.py", "config.wsgi", port=port)

    def worker(self) -> Service:
        return self._service("worker", "celery", "-A", "config.celery", "worker", "--concurrency", "2", "-l", "info")

    def beat(self) -> Service:
        return self._service("beat", "celery", "-A", "config.celery", "beat", "--pidfile=")

    def sandbox(self, port: int) -> Service:
        return self._service("sandbox", "sandbox", port=port)

    def manage(self, *arguments: str) -> None:
        """Run a management command. Raises CannotStart with the end of its output."""
        finished = subprocess.run(
            [sys.executable, CHECKOUT / "manage.py", *arguments],
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode:
            output = (finished.stdout + finished.stderr).strip()
            obstacle = disk_errors.found_in(output, self.place.state)
            raise CannotStart(f"`manage.py {arguments[0]}` failed: {obstacle or output[-2000:]}")

    def _service(self, name: str, module: str, *arguments: str, port: int | None = None) -> Service:
        log = self.place.log(name)

        def launch() -> Process:
            return child.start([sys.executable, "-m", module, *arguments], environment=self.environment, log=log)

        def wait_ready(process: Process) -> None:
            if port:
                _wait_for_answer(process, port, log, over_tls=name == "web" and alive.speaks_tls(self.environment))

        return Service(name=name, launch=launch, wait_ready=wait_ready)


def is_free(port: int) -> bool:
    """Whether a program can listen on this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def any_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def own_environment(values: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the product's programs: this process's own, overridden by ``values``."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    return {**inherited, "PYTHONUNBUFFERED": "1", **values}


def _wait_for_answer(process: Process, port: int, log: Path, *, over_tls: bool = False, seconds: float = 30) -> None:
    """Wait for any HTTP response on the port."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise CannotStart(f"it ended at its start; the last lines of {log}:\n{_last_words(log)}")
        try:
            alive.ask(port, over_tls=over_tls, seconds=seconds)
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
        else:
            return
    raise CannotStart(f"nothing answered on port {port} within {seconds:.0f} s: see {log}")


def _last_words(log: Path) -> str:
    return log.read_text(errors="replace").strip()[-1000:]
