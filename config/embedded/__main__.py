"""`make run`: the whole product with everything it needs, from one command, until it is stopped."""

import fcntl
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from types import FrameType

from config import disk_errors
from config.embedded import choices, directories, make_signals, programs, stored_secrets
from config.embedded.child import CannotStart
from config.embedded.choices import GivenSettings
from config.embedded.directories import Directories
from config.embedded.postgres import Postgres
from config.embedded.programs import Programs
from config.embedded.supervisor import Supervisor
from config.embedded.valkey import Valkey
from config.variables import CHECKOUT, LOCAL_FILES, OWN_FILE, STATE
from sandbox.config import default_clients
from sandbox.config import environment as sandbox_environment

AGAIN = 0.2  # seconds until StopRequested is raised again, if Python swallowed it


class StopRequested(BaseException):
    """A signal asked us to stop. A BaseException, like KeyboardInterrupt, so that ``except Exception`` lets it pass."""


@dataclass
class Run:
    """One run of the product in this checkout."""

    place: Directories
    given: GivenSettings
    supervisor: Supervisor

    def start(self) -> None:
        """Start everything in order and print the URLs. Raises CannotStart."""
        secrets = stored_secrets.secrets_in(self.place.state / "secrets")
        web, sandbox = self._port("PORT", 8000), self._port("SANDBOX_PORT", 9000)
        addresses = {"PORT": str(web), "SANDBOX_PORT": str(sandbox), "PUBLIC_URL": f"http://127.0.0.1:{web}"}
        chosen = choices.product(
            self.given,
            stored=secrets,
            servers=self._start_servers(secrets) | addresses,
            sandbox=sandbox_environment(f"http://127.0.0.1:{sandbox}", default_clients()),
        )
        if not (self.place.state / "env").exists():
            say("Setting up the database: this takes up to a minute, the first time only ...")
        stored_secrets.write(self.place.state / "env", chosen)
        product = Programs(place=self.place, environment=programs.own_environment(chosen))
        product.manage("demo", "--migrate")  # before the site: once it answers, people can sign in
        self.supervisor.start(product.sandbox(sandbox), product.web(web))
        say(welcome(chosen))
        self.supervisor.start(product.worker(), product.beat())

    def _start_servers(self, secrets: dict[str, str]) -> dict[str, str]:
        """Start the servers for which no URL is given, side by side."""
        base = []
        postgres = Postgres(place=self.place, superuser_password=secrets["SUPERUSER_PASSWORD"])
        valkey = Valkey(place=self.place, port=self._valkey_port(), password=secrets["VALKEY_PASSWORD"])
        if "DATABASE_URL" not in self.given:
            base.append(programs.postgres_service(postgres))
        elif "DATABASE_OWNER_URL" not in self.given:
            raise CannotStart("DATABASE_URL is given without DATABASE_OWNER_URL, which the migrations need: give both")
        if "REDIS_URL" not in self.given:
            base.append(programs.valkey_service(valkey))
        self.supervisor.start(*base)
        if "DATABASE_URL" in self.given:
            return {"REDIS_URL": valkey.url}
        urls = programs.create_roles(postgres, secrets)
        programs.refuse_former(postgres)
        return urls | {"REDIS_URL": valkey.url}

    def _port(self, name: str, default: int) -> int:
        """Return a free port. Wait up to six seconds for the programs of the last run to release it."""
        try:
            port = self.given.port(name, default)
        except ValueError as refused:
            raise CannotStart(str(refused)) from None
        deadline = time.monotonic() + 6
        while not programs.is_free(port):
            if time.monotonic() > deadline:
                raise CannotStart(f"port {port} is taken by another program: stop it, or set {name} to another port")
            time.sleep(0.1)
        return port

    def _valkey_port(self) -> int:
        """Return the port of the last run, or another one if that is taken now."""
        file = self.place.state / "valkey-port"
        port = int(file.read_text()) if file.is_file() else 0
        if not port or not programs.is_free(port):
            port = programs.any_free_port()
            file.write_text(str(port))
        return port


def welcome(chosen: dict[str, str]) -> str:
    site = chosen["PUBLIC_URL"].rstrip("/")
    administrator = f'name "{chosen["DEMO_ADMIN_NAME"]}", password "{chosen["DEMO_ADMIN_PASSWORD"]}"'
    return f"""
Vestibule is running.

  {site}/accounts/login/   sign in
  {site}/admin/            administrator: {administrator}
  http://127.0.0.1:{chosen["SANDBOX_PORT"]}/                  the sandbox that plays the four providers
  http://127.0.0.1:{chosen["SANDBOX_PORT"]}/app               an app that signs people in at Vestibule

Logs are in {STATE}/log, and so are mails: in worker.log. Press Ctrl-C to stop.
"""


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  # the person at the terminal reads this


@contextmanager
def only_one(state: Directories) -> Iterator[None]:
    """Hold the checkout's lock, which the kernel releases however this process ends."""
    with (state.run / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart("`make run` is running in this checkout already") from None
        yield


@contextmanager
def stopping(supervisor: Supervisor) -> Iterator[None]:
    """Let SIGINT and SIGTERM end the block, then stop everything undisturbed.

    Python swallows exceptions in some of its own callbacks, such as those of a fork, so a timer raises it repeatedly.
    """

    def stop(number: int, frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_REAL, AGAIN)
        raise StopRequested

    asked = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)
    for number in asked:
        signal.signal(number, stop)
    try:
        yield
    except StopRequested:
        signal.setitimer(signal.ITIMER_REAL, 0)
        say("Stopping.")
    finally:
        for number in asked:
            signal.signal(number, signal.SIG_IGN)
        supervisor.stop()


def main() -> int:
    os.chdir(CHECKOUT)
    make_signals.follow()
    own = stored_secrets.read(OWN_FILE) if OWN_FILE in LOCAL_FILES else {}
    given = GivenSettings(values={**own, **os.environ})
    try:
        with ExitStack() as stack:
            where = directories.find(STATE)
            stack.enter_context(only_one(where))
            for log in where.logs.glob("*.log"):
                log.unlink()
            supervisor = Supervisor(run=where.run, tell=say)
            stack.enter_context(stopping(supervisor))
            Run(place=where, given=given, supervisor=supervisor).start()
            supervisor.watch()
    except CannotStart as refused:
        say(f"Vestibule cannot start: {refused}")
        return 1
    except OSError as failed:
        say(f"Vestibule cannot run: {disk_errors.sentence(failed, STATE)}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
