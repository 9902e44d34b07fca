"""A server on loopback that answers with the bytes that a test gives it, and counts the connections."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Answering = Callable[[socket.socket], None]
ENOUGH = 20  # seconds after which nothing here waits any longer


@dataclass
class Listener:
    """Serves each connection in its own thread, with ``answer`` for each request."""

    answer: Answering
    server: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    connections: int = 0
    requests: list[bytes] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.getsockname()[1]}"

    def serve(self) -> None:
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        connection.settimeout(ENOUGH)
        with connection:
            try:
                while request := self._request(connection):
                    self.requests.append(request)
                    self.answer(connection)
            except OSError:
                return

    def _request(self, connection: socket.socket) -> bytes:
        read = b""
        while b"\r\n\r\n" not in read:
            part = connection.recv(65536)
            if not part:
                return b""
            read += part
        return read


@contextmanager
def listening(answer: Answering | bytes) -> Iterator[Listener]:
    """Answer every request with the same bytes, or with a function."""
    fixed = answer
    listener = Listener((lambda connection: connection.sendall(fixed)) if isinstance(fixed, bytes) else fixed)
    threading.Thread(target=listener.serve, daemon=True).start()
    try:
        yield listener
    finally:
        listener.released.set()
        listener.server.shutdown(socket.SHUT_RDWR)
        listener.server.close()


def plain(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body
