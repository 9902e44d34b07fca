"""Collects a request's bytes until it is complete. gunicorn's own parser parses them: there is no second one."""

import re
from typing import Any

from gunicorn.http.body import Body, ChunkedReader, LengthReader
from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, NoMoreData
from gunicorn.http.message import Request
from gunicorn.http.parser import RequestParser
from gunicorn.http.unreader import IterUnreader, Unreader

from config.certificate_headers import about_certificates
from config.server.bounds import LARGEST_BODY, LONGEST_HEAD, LONGEST_LINE
from config.server.refusals import BodyTooLarge, RepeatedCertificate

CHUNK_SIZE = re.compile(rb"[0-9A-Fa-f]{1,15}[ \t]*\Z")
PIECE_FOR_GUNICORN = 8192  # bytes, as in gunicorn's own sources
LONGEST_SIZE_LINE = 4096  # bytes of a chunk's size and extensions


class Gathered(Unreader):  # type: ignore[misc]  # a library without types
    """The source of gunicorn's parser. It contains what has arrived, and never blocks: no more data is an end.

    It returns small pieces, as a socket does, because gunicorn's chunk reader copies the rest of a piece per chunk.
    """

    def __init__(self) -> None:
        super().__init__()
        self._came = b""
        self._at = 0

    def put(self, came: bytes) -> None:
        self._came, self._at = came, 0

    def chunk(self, size_hint: int | None = None) -> bytes:
        piece = self._came[self._at : self._at + max(size_hint or 0, PIECE_FOR_GUNICORN)]
        self._at += len(piece)
        return piece

    @property
    def has_more(self) -> bool:
        return bool(self.buf.tell() or self._at < len(self._came))

    def take_buffered(self) -> bytes:
        """Return everything that has not been read, and be empty."""
        left: bytes = super().take_buffered() + self._came[self._at :]
        self.put(b"")
        return left


class Chunks:
    """Finds where a chunked body ends (RFC 9112, section 7.1), only to know when to stop collecting.

    If it mistakes something for the end, gunicorn's reader refuses the body, because no more data follows.
    """

    def __init__(self) -> None:
        self._at = 0
        self._is_last = False

    def have_come(self, came: bytearray) -> bool:
        while not self._is_last:
            end = came.find(b"\r\n", self._at)
            if end < 0:
                return len(came) - self._at > LONGEST_SIZE_LINE
            size = came[self._at : end].partition(b";")[0]
            if not CHUNK_SIZE.match(size):
                return True
            self._is_last = not int(size, 16)
            self._at = end if self._is_last else end + int(size, 16) + 4  # two line breaks
        return came.find(b"\r\n\r\n", self._at) >= 0 or len(came) - self._at > LONGEST_HEAD


class UntrustedRequest(Request):  # type: ignore[misc]  # a library without types
    """gunicorn's request, without its own reading of forwarding headers: only config.proxies evaluates them."""

    def _peer_trusted_for_forwarded(self) -> tuple[dict[str, str], list[str]]:
        return {}, []

    def parse_headers(self, data: bytes, from_trailer: bool = False) -> list[tuple[str, str]]:  # noqa: FBT001, FBT002  # gunicorn's signature
        """Raises RepeatedCertificate: WSGI joins repeated headers with commas, and names have commas too (ADR 62)."""
        headers: list[tuple[str, str]] = super().parse_headers(data, from_trailer)
        names = [name for name, _ in headers]
        if len(set(names)) < len(names):
            names = about_certificates(names)
            if len(set(names)) < len(names):
                raise RepeatedCertificate
        return headers


class Parser(RequestParser):  # type: ignore[misc]  # a library without types
    """gunicorn's parser, fed by the poller. The thread then finds the request parsed and its body complete."""

    mesg_class = UntrustedRequest

    mesg: Any  # gunicorn's name for the request; None until its head has been parsed

    def __init__(self, cfg: Any, client: Any) -> None:
        super().__init__(cfg, (), client)
        self.unreader = Gathered()
        self.came = bytearray()
        self.size = 0  # bytes of the body, as far as known
        self._chunks: Chunks | None = None

    def feed(self, data: bytes) -> bool:
        """Add data, and return whether the request is complete. Raises gunicorn's parser errors, BodyTooLarge."""
        self.came += data
        if self.mesg is None and not self._has_head(data):
            return False
        if not self._has_body():
            return False
        self.unreader.put(bytes(self.came))
        self.came.clear()
        return True

    def wants_continue(self) -> bool:
        """Whether the client expects 100 (Continue) before the body (RFC 9110, section 10.1.1). True only once."""
        if self.mesg is None or not self.mesg._expected_100_continue:  # noqa: SLF001  # gunicorn has no other name
            return False
        self.mesg._expected_100_continue = False  # noqa: SLF001
        return True

    @property
    def has_more(self) -> bool:
        """Whether a part of the next request has arrived with this one."""
        return self.unreader.has_more

    def start_over(self) -> bytes:
        """Prepare for the next request, and return the part of it that has arrived already."""
        self.mesg, self._chunks, self.size = None, None, 0
        ahead: bytes = self.unreader.take_buffered()
        return ahead

    def __next__(self) -> Any:
        """Return the complete request, in the thread. Raises gunicorn's errors on a malformed chunked body."""
        if self._chunks is not None:
            _unchunk(self.mesg)
        return self.mesg

    def _has_head(self, data: bytes) -> bool:
        """Let gunicorn parse after each line, so that errors are refused before the head is complete."""
        end = self.came.find(b"\r\n", 2)  # an empty line may come first (RFC 9112, section 2.2)
        if (end if end >= 0 else len(self.came)) > LONGEST_LINE:
            raise LimitRequestLine(len(self.came), LONGEST_LINE)
        if b"\n" in data:
            self.unreader.put(bytes(self.came))
            try:
                super().__next__()
            except NoMoreData:
                self.unreader.take_buffered()
            else:
                self.came[:] = self.unreader.take_buffered()
                return True
        if len(self.came) > LONGEST_HEAD:
            raise LimitRequestHeaders("the head is too long")
        return False

    def _has_body(self) -> bool:
        reader = self.mesg.body.reader
        is_chunked = isinstance(reader, ChunkedReader)
        self.size = len(self.came) if is_chunked else reader.length
        if self.size > LARGEST_BODY:
            raise BodyTooLarge
        if is_chunked:
            self._chunks = self._chunks or Chunks()
            return self._chunks.have_come(self.came)
        return len(self.came) >= self.size


def _unchunk(request: Any) -> None:
    """Set Content-Length for a chunked body, without which Django reads nothing (RFC 9112, section 7.1.3)."""
    body = request.body.read()
    request.headers = [(name, value) for name, value in request.headers if name != "TRANSFER-ENCODING"]
    request.headers.append(("CONTENT-LENGTH", str(len(body))))
    request.body = Body(LengthReader(IterUnreader([body]), len(body)))
