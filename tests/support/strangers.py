"""Strangers who hold connections: any number, for a limited time, reconnecting whenever they are closed."""

import random
import selectors
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from tests.support.gunicorns import Site

HEAD = b"POST /accounts/login/ HTTP/1.1\r\nHost: 127.0.0.1\r\n"
WHOLE = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
STATIC = b"GET /static/admin/js/vendor/xregexp/xregexp.js HTTP/1.1\r\nHost: 127.0.0.1\r\n"

AT_ONCE = 40  # reconnections in a twentieth of a second: with more, the test would measure the number of processors


@dataclass(frozen=True, kw_only=True)
class Kind:
    """What strangers send first, what they then send repeatedly, and whether they read."""

    first: bytes
    drip: bytes = b""
    reads: bool = True
    receives: int = 0


KINDS = {
    "nothing": Kind(first=b""),
    "half_a_line": Kind(first=b"GET /acc"),
    "half_a_hello": Kind(first=b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),  # of the TLS handshake
    "half_a_head": Kind(first=HEAD + b"X-Half: a"),
    "a_dripping_head": Kind(first=HEAD + b"X-Drip: ", drip=b"a"),
    "dripping_headers": Kind(first=HEAD, drip=b"X-A: b\r\n"),
    "half_a_body": Kind(first=HEAD + b"Content-Length: 60000\r\n\r\na=b"),
    "a_dripping_body": Kind(first=HEAD + b"Content-Length: 60000\r\n\r\n", drip=b"a"),
    "half_a_long_body": Kind(first=HEAD + b"Content-Length: 2000000\r\n\r\n" + b"a" * 100_000),
    "a_dripping_long_body": Kind(first=HEAD + b"Content-Length: 2000000\r\n\r\n" + b"a" * 70_000, drip=b"a"),
    "half_a_chunk": Kind(first=HEAD + b"Transfer-Encoding: chunked\r\n\r\n400\r\nab"),
    "chunks_without_end": Kind(first=HEAD + b"Transfer-Encoding: chunked\r\n\r\n", drip=b"1\r\na\r\n"),
    "a_trailer_without_end": Kind(first=HEAD + b"Transfer-Encoding: chunked\r\n\r\n0\r\n", drip=b"X-A: b\r\n"),
    "told_to_continue": Kind(first=HEAD + b"Content-Length: 9\r\nExpect: 100-continue\r\n\r\n"),
    "kept_alive_then_half": Kind(first=WHOLE + b"GET / HTT"),
    "kept_alive_then_dripping": Kind(first=WHOLE + HEAD + b"X-Drip: ", drip=b"a"),
    "never_read": Kind(first=STATIC + b"\r\n", reads=False, receives=4096),
    "never_read_many": Kind(first=(STATIC + b"\r\n") * 40, reads=False, receives=4096),
    "never_close": Kind(first=WHOLE[:-2] + b"Connection: close\r\n\r\n", reads=False),
}


@dataclass
class Crowd:
    """``size`` strangers of one kind. Each reconnects at once when it is closed."""

    site: Site
    kind: Kind
    size: int
    sources: int = 1
    came: int = 0
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _over: threading.Event = field(default_factory=threading.Event)

    def run(self, *, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self._over.is_set() and time.monotonic() < deadline:
            for _ in range(min(AT_ONCE, self.size - len(self._selector.get_map()))):
                self._come()
            for key, _ in self._selector.select(0.05):
                self._hear(key.fileobj)
            if self.kind.drip:
                for key in list(self._selector.get_map().values()):
                    with suppress(OSError):
                        key.fileobj.send(self.kind.drip)  # type: ignore[union-attr]  # all are sockets
        for key in list(self._selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]

    def end(self) -> None:
        self._over.set()

    def _come(self) -> None:
        self.came += 1
        source = f"127.0.0.{random.randint(2, 1 + self.sources)}"  # noqa: S311  # any will do
        connection = self.site.connect(source=source, receives=self.kind.receives)
        connection.settimeout(0)
        with suppress(OSError):
            connection.send(self.kind.first)
        self._selector.register(connection, selectors.EVENT_READ if self.kind.reads else selectors.EVENT_WRITE)

    def _hear(self, connection: object) -> None:
        assert isinstance(connection, socket.socket)
        try:
            is_over = self.kind.reads and not connection.recv(65_536)
            is_over = is_over or bool(connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))
        except BlockingIOError:
            return
        except OSError:
            is_over = True
        if is_over:
            self._selector.unregister(connection)
            connection.close()


@contextmanager
def crowd(site: Site, kind: str, *, size: int, sources: int = 1, seconds: float = 60) -> Iterator[Crowd]:
    """Run strangers during the block, but no longer than ``seconds``."""
    strangers = Crowd(site=site, kind=KINDS[kind], size=size, sources=sources)
    thread = threading.Thread(target=strangers.run, kwargs={"seconds": seconds}, daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while strangers.came < size and time.monotonic() < until:
        threading.Event().wait(0.05)
    try:
        yield strangers
    finally:
        strangers.end()
        thread.join(10)
