"""PostgreSQL and Valkey for one test run: new and empty, removed at the end, and gone even if the run is killed."""

import atexit
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from config import environment
from config.embedded import directories, roles
from config.embedded.postgres import Postgres
from config.embedded.programs import any_free_port
from config.embedded.valkey import Valkey

DATABASE = "vestibule"
NOT_DURABLE = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "track_functions": "pl",
}


@dataclass(frozen=True, kw_only=True)
class Servers:
    """The running servers and how to reach them in each role."""

    postgres: Postgres
    valkey: Valkey
    owner_url: str
    runtime_url: str
    backup_url: str

    @property
    def superuser_url(self) -> str:
        return self.postgres.url("postgres", self.postgres.superuser_password, DATABASE)


def start() -> Servers:
    """Start both servers in a new temporary folder and create the roles and the database."""
    state = Path(tempfile.mkdtemp(prefix="vt-"))
    state.chmod(0o755)
    atexit.register(shutil.rmtree, state, ignore_errors=True)
    where = directories.find(state)
    postgres = Postgres(place=where, superuser_password=secrets.token_urlsafe(16), settings=NOT_DURABLE)
    valkey = Valkey(place=where, port=any_free_port(), password=secrets.token_urlsafe(16), durable=False)
    running = [(postgres.start(), signal.SIGQUIT), (valkey.start(), signal.SIGKILL)]
    for process, by in running:
        atexit.register(_stop, process, by)
    postgres.wait_ready(running[0][0])
    valkey.wait_ready(running[1][0])
    return _with_roles(postgres, valkey)


def product_environment(servers: Servers) -> dict[str, str]:
    """Return a value for every variable that the product reads. Those not set here are empty, so nothing leaks in."""
    return dict.fromkeys(environment.names(), "") | {
        "MODE": "development",
        "SECRET_KEY": secrets.token_urlsafe(48),
        "DATABASE_URL": servers.runtime_url,
        "DATABASE_OWNER_URL": servers.owner_url,
        "REDIS_URL": servers.valkey.url,
        "PUBLIC_URL": "http://127.0.0.1:8000",
        "RATE_LIMITS_EXEMPT": "127.0.0.0/8",  # tests of the limits use other addresses
    }


def _with_roles(postgres: Postgres, valkey: Valkey) -> Servers:
    passwords = {role: secrets.token_urlsafe(16) for role in ("vestibule_owner", "vestibule_app", roles.BACKUP_ROLE)}
    owner, runtime, backup = passwords.items()
    urls = roles.provide(postgres, database=DATABASE, owner=owner, runtime=runtime, backup=backup)
    return Servers(
        postgres=postgres, valkey=valkey, owner_url=urls.owner, runtime_url=urls.runtime, backup_url=urls.backup
    )


def _stop(process: subprocess.Popen[bytes], by: signal.Signals) -> None:
    if process.poll() is None:
        os.kill(process.pid, by)
        process.wait(timeout=10)
