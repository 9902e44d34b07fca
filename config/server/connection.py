"""One client's connection as the poller sees it, from its first byte to the last byte of the response."""

import errno
import ssl
from enum import Enum, auto
from selectors import EVENT_READ, EVENT_WRITE
from socket import SHUT_WR
from threading import Semaphore
from typing import Any

from gunicorn.workers.gthread import TConn

from config.server.outbox import Outbox
from config.server.parser import Parser

# What accepting fails with when there is no room for another connection, or when the client has disconnected already.
NO_ROOM = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
GONE_BEFORE = {errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED, errno.EPROTO, errno.EPERM}
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Phase(Enum):
    """What a connection is doing. The poller owns it in all phases but ``AT_WORK``."""

    HANDSHAKE = auto()  # of TLS
    QUIET = auto()  # no byte of its first request has arrived
    HEAD = auto()
    BODY = auto()
    AT_WORK = auto()  # owned by a thread, or queued for one
    SENDING = auto()  # the thread is done, and the client is still reading
    IDLE = auto()  # kept alive
    LEAVING = auto()  # the response is sent, and we wait for the client to close
    GONE = auto()


class Gone(Exception):
    """The client closed the connection."""


class HttpConnection(TConn):  # type: ignore[misc]  # a library without types
    """Collects a request without blocking. gunicorn's code in the thread finds it parsed."""

    def __init__(
        self, cfg: Any, sock: Any, *, client: Any, server: Any, waiting: Semaphore, tls: ssl.SSLContext | None = None
    ) -> None:
        """Raises OSError if TLS cannot begin because the client has disconnected."""
        super().__init__(cfg, sock, client, server)
        self.initialized = True  # for gunicorn: nothing is left to do in the thread
        self.phase = Phase.HANDSHAKE if tls else Phase.QUIET
        raw = tls.wrap_socket(sock, server_side=True, do_handshake_on_connect=False) if tls else sock
        self.sock = Outbox(raw, waiting)
        self.parser = Parser(cfg, client)
        self.moved = 0  # bytes since its deadline was last set
        self.wants = EVENT_READ
        self.listened_for = 0  # the events that the poller watches for
        self.stays = False  # kept alive after the response
        self.is_idle = False  # in the worker's list of kept-alive connections

    @property
    def address(self) -> str:
        return str(self.client[0]) if isinstance(self.client, tuple) and self.client else ""

    @property
    def has_begun(self) -> bool:
        """Whether part of a request has arrived, so that a timeout is answered."""
        return self.phase in {Phase.HEAD, Phase.BODY}

    def gather(self) -> bool:
        """Receive data, and return whether a request is complete. Raises Gone, OSError and the parser's errors."""
        if self.phase is Phase.HANDSHAKE and not self._shake_hands():
            return False
        data = self.sock.receive()
        if data is None:
            return False
        if not data:
            raise Gone
        return self._take(data)

    def go_on(self) -> bool:
        """Start the next request, and return whether it has arrived already. Raises the parser's errors."""
        self.phase = Phase.IDLE
        ahead = self.parser.start_over()
        return bool(ahead) and self._take(ahead)

    def leave(self) -> None:
        """Shut down our side of the connection. Raises OSError."""
        self.phase = Phase.LEAVING
        self.sock.raw.shutdown(SHUT_WR)

    def close(self, graceful: bool = False) -> None:  # noqa: FBT001, FBT002  # gunicorn's signature
        self.phase = Phase.GONE
        self.sock.raw.close()

    def _take(self, data: bytes) -> bool:
        self.moved += len(data)
        is_whole = self.parser.feed(data)
        if is_whole:
            self.phase = Phase.AT_WORK
        else:
            self.phase = Phase.BODY if self.parser.mesg else Phase.HEAD
        if self.parser.wants_continue() and not is_whole:
            self.sock.unread += CONTINUE
            self.sock.push()
        return is_whole

    def _shake_hands(self) -> bool:
        """Raises OSError (and so ssl.SSLError) if the handshake fails."""
        try:
            self.sock.raw.do_handshake()
        except ssl.SSLWantReadError:
            self.wants = EVENT_READ
        except ssl.SSLWantWriteError:
            self.wants = EVENT_WRITE
        else:
            self.phase, self.wants = Phase.QUIET, EVENT_READ
            return True
        return False
