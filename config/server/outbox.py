"""The socket as a thread sees it: writes send what the client accepts at once, and buffer the rest."""

import errno
import os
import select
import ssl
import time
from threading import Semaphore
from typing import Any

from config.server import bounds

NOT_NOW = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class ReaderTooSlow(BrokenPipeError):
    """A client reads a long response too slowly, or too many clients do so at once."""

    def __init__(self) -> None:
        super().__init__(errno.EPIPE, "the reader is too slow")


class Outbox:
    """A connection's responses. A thread writes and goes on to other work; the poller sends what is buffered.

    A thread waits only while more than ``UNREAD`` bytes are buffered, and only as many threads as ``waiting`` allows.
    Responses of that length are exports, for which people must be signed in.
    """

    def __init__(self, raw: Any, waiting: Semaphore) -> None:
        self.raw = raw  # a non-blocking socket, with or without TLS
        self.unread = bytearray()
        self.is_cut = False
        self._waiting = waiting

    def peer_certificate(self) -> bytes | None:
        """Return the client's certificate in DER, which TLS has verified. None without TLS, or if it sent none."""
        return self.raw.getpeercert(binary_form=True) if isinstance(self.raw, ssl.SSLSocket) else None

    def receive(self) -> bytes | None:
        """Return what has arrived, b"" at the end of the stream, or None if there is nothing. Raises OSError."""
        try:
            received: bytes = self.raw.recv(bounds.PIECE)
        except NOT_NOW:
            return None
        return received

    def push(self) -> int:
        """Send what the client accepts now, and return the number of bytes. Raises OSError."""
        before = len(self.unread)
        while self.unread:
            try:
                with memoryview(self.unread) as view:
                    sent = self.raw.send(view)
            except NOT_NOW:
                break
            del self.unread[:sent]
        return before - len(self.unread)

    # gunicorn calls these methods in a thread.

    def sendall(self, data: bytes | memoryview) -> None:
        """Raises ReaderTooSlow, OSError."""
        if self.is_cut:
            raise BrokenPipeError(errno.EPIPE, "the response was cut off")
        self.unread += data
        if len(self.unread) > bounds.PIECE:
            self.push()
        if len(self.unread) > bounds.UNREAD:
            self._wait()

    send = sendall

    def sendfile(self, file: Any, offset: int = 0, count: int = 0) -> None:
        """Send a part of a file: by sendfile(2) as far as the client accepts it, the rest through the buffer."""
        end, number = offset + count, file.fileno()
        self.push()
        while offset < end and not self.unread:
            try:
                sent = os.sendfile(self.raw.fileno(), number, offset, end - offset)
            except BlockingIOError:
                break
            if not sent:
                return
            offset += sent
        while offset < end and (piece := os.pread(number, min(bounds.PIECE, end - offset), offset)):
            self.sendall(piece)
            offset += len(piece)

    def shutdown(self, _how: int) -> None:
        """Cut off a response whose writer failed. The poller closes the socket: no thread waits for the client."""
        self.is_cut = True
        raise OSError(errno.ENOTCONN, "closed by the poller")

    def close(self) -> None:
        """Do nothing: the poller closes the socket (see ``shutdown``)."""

    def setblocking(self, _is: bool) -> None:  # noqa: FBT001  # the socket's signature
        """Do nothing: the socket stays non-blocking."""

    def fileno(self) -> int:
        number: int = self.raw.fileno()
        return number

    def _wait(self) -> None:
        """Block the thread until at most half of ``UNREAD`` is buffered. Raises ReaderTooSlow, OSError."""
        if not self._waiting.acquire(blocking=False):
            raise ReaderTooSlow
        try:
            while len(self.unread) > bounds.UNREAD // 2:
                self._wait_for_least()
        finally:
            self._waiting.release()

    def _wait_for_least(self) -> None:
        poll, deadline, moved = select.poll(), time.monotonic() + bounds.PATIENCE, 0
        poll.register(self.raw, select.POLLOUT)
        while moved < bounds.LEAST:
            left = deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                raise ReaderTooSlow
            moved += self.push()
