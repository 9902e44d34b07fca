"""Providers that fail: nothing listens, nothing answers, or a server in front of them answers with 502."""

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from sandbox.server import LOOPBACK, Sandbox

WAYS = ("refuses", "hangs", "502")


@contextmanager
def stopped(providers: Sandbox, how: str) -> Iterator[None]:
    """Stop all four providers, and start them again on the same ports, with their state."""
    port = urlsplit(providers.base_url).port
    assert port
    before = providers.config
    providers.stop()
    try:
        with ExitStack() as stack:
            if how == "hangs":
                stack.enter_context(socket.create_server((LOOPBACK, port), backlog=64))
            elif how == "502":
                stack.enter_context(_in_front(port))
            yield
    finally:
        providers.config = replace(before, port=port)
        providers.start()
        providers.config = before


class _BadGateway(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.send_response(502)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "11")
        self.end_headers()
        self.wfile.write(b"Bad Gateway")

    do_GET = do_POST = do_DELETE = answer  # noqa: N815  # the names that http.server calls

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the base class names it
        """Log nothing."""


class _Front(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int) -> None:
        self.open: list[socket.socket] = []
        super().__init__((LOOPBACK, port), _BadGateway)

    def process_request(self, request: Any, client_address: Any) -> None:
        self.open.append(request)
        super().process_request(request, client_address)


@contextmanager
def _in_front(port: int) -> Iterator[None]:
    with _Front(port) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield
        server.shutdown()
        thread.join()
        for connection in server.open:
            with suppress(OSError):  # closed already
                connection.shutdown(socket.SHUT_RDWR)
