"""The socket as a thread sees it: what is written goes as far as the reader takes it, and the rest stays here."""

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
    """Whoever reads a long answer takes too little of it, or too many do so at once."""

    def __init__(self) -> None:
        super().__init__(errno.EPIPE, "the reader is too slow")


class Outbox:
    """A connection's answers. A thread writes, and leaves; the poller sends what the thread left.

    Only where ``UNREAD`` bytes wait for their reader does the thread wait too, and only as many threads as ``waiting``
    lets: answers of that length are exports, which strangers do not get.
    """

    def __init__(self, raw: Any, waiting: Semaphore) -> None:
        self.raw = raw  # a socket, perhaps of TLS; it never blocks
        self.unread = bytearray()
        self.is_cut = False
        self._waiting = waiting

    def receive(self) -> bytes | None:
        """Return what has come, b"" at the end, None where nothing is there. Raises OSError."""
        try:
            received: bytes = self.raw.recv(bounds.PIECE)
        except NOT_NOW:
            return None
        return received

    def push(self) -> int:
        """Send what the reader takes now; return how much that was. Raises OSError."""
        before = len(self.unread)
        while self.unread:
            try:
                with memoryview(self.unread) as view:
                    sent = self.raw.send(view)
            except NOT_NOW:
                break
            del self.unread[:sent]
        return before - len(self.unread)

    # What gunicorn calls in a thread.

    def sendall(self, data: bytes | memoryview) -> None:
        """Raises ReaderTooSlow, OSError."""
        if self.is_cut:
            raise BrokenPipeError(errno.EPIPE, "the answer was cut off")
        self.unread += data
        if len(self.unread) > bounds.PIECE:
            self.push()
        if len(self.unread) > bounds.UNREAD:
            self._wait()

    send = sendall

    def sendfile(self, file: Any, offset: int = 0, count: int = 0) -> None:
        """Send a part of a file, the most of it without reading it, where the reader takes it."""
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
        """Cut an answer short whose writer failed; the poller closes, so that no thread waits for the reader."""
        self.is_cut = True
        raise OSError(errno.ENOTCONN, "closed by the poller")

    def close(self) -> None:
        """Nothing: a thread closes nothing (see ``shutdown``)."""

    def setblocking(self, _is: bool) -> None:  # noqa: FBT001  # the socket's signature
        """Nothing: it never blocks."""

    def fileno(self) -> int:
        number: int = self.raw.fileno()
        return number

    def _wait(self) -> None:
        """Let the thread wait until half of it is read. Raises ReaderTooSlow, OSError."""
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
