"""The sandbox as an HTTP server on loopback, and as a Python object that tests control."""

import socket
import sys
import threading
from collections import Counter
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import urlsplit

from sandbox.backchannel import LogoutSent, end_session, logout_token, send_logout
from sandbox.config import Config, environment
from sandbox.delivery import deliver
from sandbox.journal import Entry
from sandbox.keys import attackers_key
from sandbox.personas import Persona
from sandbox.providers import Provider
from sandbox.reception import Reception
from sandbox.sessions import Session
from sandbox.visitor import Visitor
from sandbox.wire import Fields, Request
from sandbox.world import UnknownName, World

LOOPBACK = "127.0.0.1"
BODY_LIMIT = 1024 * 1024
IDLE_SECONDS = 60


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "Sandbox"
    disable_nagle_algorithm = True
    timeout = IDLE_SECONDS
    server: "Server"

    def serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            self.send_error(411)
            return
        if int(length) > BODY_LIMIT:
            self.send_error(413)
            return
        path, _, query = self.path.partition("?")
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(int(length))
        reply = self.server.reception.receive(Request(self.command, path, query, headers, body))
        security = _security(self.server.world)
        if not deliver(self.connection, reply.answer, security, reply.ended):
            self.close_connection = True

    do_GET = do_POST = do_DELETE = serve  # noqa: N815 - the names that http.server calls

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        """Log nothing: request lines contain codes and states. The journal has what is useful."""


class Server(ThreadingHTTPServer):
    """Tracks its open connections, so that a stop also closes kept-alive and hanging ones."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, world: World) -> None:
        self.world = world
        self.reception = Reception(world)
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        super().__init__((LOOPBACK, port), Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnect; everything else is a bug and is printed."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def close_connections(self) -> None:
        with self._lock:
            still_open = list(self._open)
        for connection in still_open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Sandbox:
    """The four providers in this process. Every method that controls them has a counterpart in control.py."""

    def __init__(self, config: Config | None = None) -> None:
        self.config = config or Config(port=0)
        self.world = World(self.config)
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_failure: object) -> None:
        self.stop()

    @property
    def base_url(self) -> str:
        """The base URL of the providers; empty before the start."""
        return self.world.base_url

    def start(self) -> None:
        """Start to listen, and return when requests are answered. Raise OSError if the port is taken."""
        self._server = Server(self.config.port, self.world)
        self.world.base_url = f"http://{LOOPBACK}:{self._server.server_port}"
        threading.Thread(target=self._warm, daemon=True).start()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop within a second, even with hanging answers."""
        if self._server is None or self._thread is None:
            return
        self.world.clear_faults()
        self._server.shutdown()
        self._server.close_connections()
        self._server.server_close()
        self._thread.join()
        self._server = self._thread = None

    def environment(self) -> dict[str, str]:
        """Return the environment variables with which the product uses these providers."""
        return environment(self.base_url, self.world.clients)

    @property
    def public_url(self) -> str:
        """The product's base URL, under which redirect URIs and the logout endpoint are."""
        return self.world.public_url

    @public_url.setter
    def public_url(self, url: str) -> None:
        self.world.public_url = url

    def visit(self, authorize_url: str, persona: str | None) -> str:
        """Pick a persona (None cancels) in a new browser, and return the callback URL with its code."""
        return Visitor().pick(authorize_url, persona)

    def set_fault(self, provider: str, key: str | None) -> None:
        self.world.set_fault(Provider(provider), key)

    def clear_faults(self) -> None:
        self.world.clear_faults()

    def add_persona(self, persona: Persona) -> None:
        self.world.add_persona(persona)

    def set_auto_persona(self, provider: str, key: str | None) -> None:
        self.world.set_automatic_persona(Provider(provider), key)

    def rotate_keys(self, provider: str, *, withdraw: bool = False, keep_kid: bool = False) -> str:
        return self.world.rotate_keys(Provider(provider), withdraw=withdraw, keep_kid=keep_kid)

    def sessions(self, provider: str) -> list[Session]:
        return [s for s in self.world.sessions.live() if s.provider == provider]

    def end_session(self, sid: str) -> LogoutSent | None:
        """End a session; Keycloak also sends a logout token. Return None if there is no such session."""
        return end_session(self.world, sid)

    def logout_token(self, sid: str, /, **other: object) -> str:
        """Sign a logout token for a live session without ending it, to send or replay by hand.

        Claims in ``other`` replace the usual ones; None removes one.
        """
        session = self.world.sessions.find(Provider.KEYCLOAK, sid)
        if session is None:
            raise UnknownName("Keycloak has no such session.")
        return logout_token(self.world, session, other)

    def send_logout(self, token: str) -> LogoutSent:
        return send_logout(self.world, token)

    def requests(self, provider: str) -> list[tuple[str, str, int]]:
        """List (method, endpoint, status). The status is 0 if no answer was sent."""
        return [(e.method, e.endpoint, e.status) for e in self.entries(provider)]

    def entries(self, provider: str) -> list[Entry]:
        """List the requests with the issuer of their code and whether they leaked a secret."""
        return self.world.journal.entries(Provider(provider))

    def counts(self, provider: str) -> Counter[str]:
        return self.world.journal.counts(Provider(provider))

    def forget_requests(self) -> None:
        self.world.journal.reset()

    def reset(self) -> None:
        """Return to the state after the start. Keys and the product's URL stay."""
        self.world.reset()

    def _warm(self) -> None:
        self.world.warm_keys()
        attackers_key()


def _security(world: World) -> Fields:
    parts = urlsplit(world.public_url)
    policy = (
        f"default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
        f"frame-ancestors 'none'; form-action 'self' {parts.scheme}://{parts.netloc}"
    )
    return (
        ("Content-Security-Policy", policy),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Cache-Control", "no-store"),
    )
