"""The server's HTTP/1.1: valid requests are answered correctly, invalid ones are refused, and none is misread.

The kind of fault: code that collects a request before gunicorn's parser sees it becomes a second parser, which finds
the end of a request elsewhere.
"""

import hashlib
import json
import socket
from collections.abc import Iterator
from contextlib import suppress

import pytest

from config.server.bounds import KIB, LARGEST_BODY, LONGEST_FIELD, LONGEST_HEAD, LONGEST_LINE, MOST_FIELDS, SMALL_BODY
from tests.support.gunicorns import Answer, Site, read, running, statuses

pytestmark = pytest.mark.process

HOST = b"Host: 127.0.0.1\r\n"
GET = b"GET /first HTTP/1.1\r\n" + HOST + b"\r\n"
SMUGGLED = b"GET /smuggled HTTP/1.1\r\n" + HOST + b"\r\n"


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with running(tmp_path_factory.mktemp("echo") / "log", app="tests.support.echoing") as site:
        yield site


@pytest.fixture
def connection(echo: Site) -> Iterator[socket.socket]:
    with echo.connect() as connection:
        yield connection


def _post(body: bytes, *headers: bytes, path: bytes = b"/echo") -> bytes:
    lines = [b"POST " + path + b" HTTP/1.1", b"Host: 127.0.0.1", *headers]
    return b"\r\n".join([*lines, b"", b""]) + body


def _with_length(body: bytes, *headers: bytes, path: bytes = b"/echo") -> bytes:
    return _post(body, b"Content-Length: %d" % len(body), *headers, path=path)


def _chunked(body: bytes, size: int, trailer: bytes = b"") -> bytes:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    chunks = b"".join(b"%x;a=b\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return _post(chunks + b"0\r\n" + trailer + b"\r\n", b"Transfer-Encoding: chunked")


def _said(answer: Answer) -> dict[str, object]:
    assert answer.status == 200
    said: dict[str, object] = json.loads(answer.body)
    return said


@pytest.mark.parametrize("size", [0, 1, SMALL_BODY, SMALL_BODY + 1, 1024 * KIB, LARGEST_BODY])
@pytest.mark.parametrize("expects", [False, True], ids=["", "expects"])
@pytest.mark.promise(96)
def test_a_body_arrives_whole_and_the_connection_stays(
    connection: socket.socket,
    size: int,
    expects: bool,  # noqa: FBT001  # pytest passes it by name
) -> None:
    body = bytes(number % 251 for number in range(size))
    head, sent = _with_length(body, *[b"Expect: 100-continue"] * expects)[: -size or None], body
    connection.sendall(head)
    if expects and size:
        assert connection.recv(len(b"HTTP/1.1 100 Continue\r\n\r\n")) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.sendall(sent + GET)

    said = _said(read(connection))
    assert (said["length"], said["digest"]) == (size, hashlib.sha256(body).hexdigest())
    assert _said(read(connection))["path"] == "/first"


@pytest.mark.parametrize("size", [1, 7, 4096, 70_000])
@pytest.mark.parametrize("trailer", [b"", b"X-Checked: yes\r\n"])
@pytest.mark.promise(96)
def test_a_chunked_body_arrives_with_its_length(connection: socket.socket, size: int, trailer: bytes) -> None:
    body = b"0123456789\r\n\r\n" * 14_000  # in chunks of one byte it fills the whole buffer, which must not take long
    connection.sendall(_chunked(body, size, trailer) + GET)

    said = _said(read(connection))
    assert (said["length"], said["told_length"], said["is_chunked"]) == (len(body), str(len(body)), False)
    assert _said(read(connection))["path"] == "/first"


@pytest.mark.parametrize("request_bytes", [_with_length(b"a=b" * 9), _chunked(b"a=b" * 9, 4, b"X-A: b\r\n"), GET])
@pytest.mark.promise(96)
def test_a_request_may_come_byte_by_byte(connection: socket.socket, request_bytes: bytes) -> None:
    for byte in request_bytes:
        connection.sendall(bytes([byte]))

    assert _said(read(connection))["length"] in {0, 27}


@pytest.mark.promise(96)
def test_pipelined_requests_are_answered_in_their_order(connection: socket.socket) -> None:
    paths = [f"/{number}" for number in range(60)]
    connection.sendall(
        b"".join(
            _with_length(b"x" * 99, path=path.encode()) if int(path[1:]) % 3 else b"GET " + path.encode() + GET[10:]
            for path in paths
        )
    )

    assert [_said(read(connection))["path"] for _ in paths] == paths


@pytest.mark.promise(96)
def test_an_unread_body_is_not_the_next_request(connection: socket.socket) -> None:
    for body in (SMUGGLED, SMUGGLED * 2000):
        connection.sendall(_with_length(body, path=b"/unread"))
        assert _said(read(connection))["path"] == "/unread"
    connection.sendall(GET)

    assert _said(read(connection))["path"] == "/first"


@pytest.mark.promise(96)
def test_head_has_no_body_and_http_1_0_closes_unless_asked(echo: Site) -> None:
    with echo.connect() as connection:
        connection.sendall(b"HEAD /head HTTP/1.1\r\n" + HOST + b"\r\n" + GET)
        assert read(connection, "HEAD").status == 200
        assert _said(read(connection))["path"] == "/first"
    with echo.connect() as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert statuses(connection) == [200]
    with echo.connect() as connection:
        connection.sendall(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n" + b"GET / HTTP/1.0\r\n\r\n")
        assert statuses(connection) == [200, 200]


@pytest.mark.promise(96)
def test_a_leading_empty_line_and_a_half_closed_connection_are_accepted(echo: Site) -> None:
    with echo.connect() as connection:
        connection.sendall(b"\r\n" + GET)
        connection.shutdown(socket.SHUT_WR)

        assert statuses(connection) == [200]


TOO_MUCH = b"a" * LARGEST_BODY + b"\r\n9\r\n"
WRONG = {
    "garbage": (b"\x16\x03\x01\x02\x00\x01\r\n", 400),
    "garbage without an end": (b"garbage\r\n", 400),
    "no version": (b"GET /\r\n\r\n", 400),
    "another version": (b"GET / HTTP/3.7\r\n" + HOST + b"\r\n", 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "line feeds alone": (b"GET / HTTP/1.1\nHost: 127.0.0.1\n\n", 400),
    "a line feed in the head": (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\nX-A: b\r\n\r\n", 400),
    "a carriage return in a value": (b"GET / HTTP/1.1\r\nX-A: a\rb\r\n\r\n", 400),
    "NUL in the line": (b"GET /\x00 HTTP/1.1\r\n\r\n", 400),
    "NUL in a header": (b"GET / HTTP/1.1\r\nX-A: \x00\r\n\r\n", 400),
    "a folded header": (b"GET / HTTP/1.1\r\nX-A: a\r\n b\r\n\r\n", 400),
    "a blank before the colon": (b"GET / HTTP/1.1\r\nContent-Length : 3\r\n\r\nabc", 400),
    "no colon": (b"GET / HTTP/1.1\r\nHost\r\n\r\n", 400),
    "two hosts": (b"GET / HTTP/1.1\r\n" + HOST * 2 + b"\r\n", 400),
    "PROXY": (b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n" + GET, 400),
    "PROXY in binary": (b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + bytes(12) + GET, 400),
    "a length with a sign": (_post(b"abc", b"Content-Length: +3"), 400),
    "a negative length": (_post(b"abc", b"Content-Length: -3"), 400),
    "a length that is no number": (_post(b"abc", b"Content-Length: 0x3"), 400),
    "a length of other digits": (_post(b"abc", "Content-Length: ²".encode()), 400),
    "a length of a thousand digits": (_post(b"abc", b"Content-Length: " + b"9" * 5000), 400),
    "two lengths": (_post(SMUGGLED, b"Content-Length: 0", b"Content-Length: %d" % len(SMUGGLED)), 400),
    "one length twice": (_post(b"abc", b"Content-Length: 3", b"Content-Length: 3"), 400),
    "a list of lengths": (_post(b"abc", b"Content-Length: 3, 3"), 400),
    "CL.TE": (_post(b"0\r\n\r\n" + SMUGGLED, b"Content-Length: 4", b"Transfer-Encoding: chunked"), 400),
    "TE.CL": (_post(b"5c\r\n" + SMUGGLED, b"Transfer-Encoding: chunked", b"Content-Length: 4"), 400),
    "TE.TE": (_post(b"0\r\n\r\n" + SMUGGLED, b"Transfer-Encoding: chunked", b"Transfer-Encoding: cow"), 501),
    "chunked twice": (_post(b"0\r\n\r\n", b"Transfer-Encoding: chunked, chunked"), 400),
    "chunked not last": (_post(b"0\r\n\r\n", b"Transfer-Encoding: chunked, identity"), 400),
    "not chunked": (_post(b"abc", b"Transfer-Encoding: gzip"), 400),
    "another coding": (_post(b"0\r\n\r\n", b"Transfer-Encoding: xchunked"), 501),
    "chunked in HTTP/1.0": (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED, 400),
    "a size that is no number": (_post(b"zz\r\nab\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"), 400),
    "a negative size": (_post(b"-1\r\nab\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"), 400),
    "a size of two parts": (_post(b"0_1\r\na\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"), 400),
    "a size with a prefix": (_post(b"0x1\r\na\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"), 400),
    "a size with a blank": (_post(b"1 \r\na\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"), 400),
    "an empty size": (_post(b"\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"), 400),
    "a size without an end": (_post(b"0" * 10_000, b"Transfer-Encoding: chunked"), 400),
    "a chunk too long": (_post(b"1\r\nabc\r\n0\r\n\r\n", b"Transfer-Encoding: chunked"), 400),
    "a trailer of a length": (_post(b"0\r\nContent-Length: 3\r\n\r\n", b"Transfer-Encoding: chunked"), 400),
    "a trailer without a colon": (_post(b"0\r\nabc\r\n\r\n", b"Transfer-Encoding: chunked"), 400),
    "an expectation": (_post(b"", b"Expect: 200-ok"), 417),
    "a line that is too long": (b"GET /" + b"a" * LONGEST_LINE + b" HTTP/1.1\r\n\r\n", 414),
    "a line without an end": (b"GET /" + b"a" * LONGEST_LINE * 2, 414),
    "a header that is too long": (b"GET / HTTP/1.1\r\nX-A: " + b"a" * LONGEST_FIELD + b"\r\n\r\n", 431),
    "a header without an end": (b"GET / HTTP/1.1\r\nX-A: " + b"a" * (LONGEST_HEAD + KIB), 431),
    "too many headers": (b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * (MOST_FIELDS + 1) + b"\r\n", 431),
    "headers without an end": (b"GET / HTTP/1.1\r\n" + b"X-A: b\r\n" * LONGEST_HEAD, 431),
    "a body that is too long": (_post(b"", b"Content-Length: %d" % (LARGEST_BODY + 1)), 413),
    "one that is told before": (_post(b"", b"Content-Length: 99999999", b"Expect: 100-continue"), 413),
    "chunks that are too long": (_post(b"%x\r\n" % LARGEST_BODY + TOO_MUCH, b"Transfer-Encoding: chunked"), 413),
}  # fmt: skip


IN_WORDS = {  # by status
    413: b"more than we can take",
    414: b"too long to read",
    431: b"too long to read",
}


@pytest.mark.parametrize("wrong", WRONG)
@pytest.mark.promise(96)
def test_an_invalid_request_is_refused_with_a_page_and_the_connection_ends(echo: Site, wrong: str) -> None:
    sent, status = WRONG[wrong]
    with echo.connect() as connection:
        connection.sendall(GET)
        assert _said(read(connection))["path"] == "/first"
        with suppress(ConnectionError):  # refused before it was sent completely
            connection.sendall(sent + SMUGGLED)
        answer = read(connection)
        rest = statuses(connection)

    assert answer.status == status
    assert rest == []
    assert answer.headers["Connection"] == "close"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Server"] is None
    assert IN_WORDS.get(status, b"could not read") in answer.body
    assert b'<html lang="en"' in answer.body
    assert b"gunicorn" not in answer.body.lower()


@pytest.mark.promise(96)
def test_a_refused_head_request_has_no_body(connection: socket.socket) -> None:
    connection.sendall(b"HEAD / HTTP/1.1\r\nHost\r\n\r\n")
    received = b""
    while piece := connection.recv(65_536):
        received += piece

    assert received.startswith(b"HTTP/1.1 400 ")
    assert received.endswith(b"\r\n\r\n")


@pytest.mark.promise(96)
def test_a_failure_of_the_whole_product_is_answered(echo: Site) -> None:
    status, body = echo.get("/broken")

    assert status == 500
    assert b"Something broke on our side" in body


@pytest.mark.promise(96)
def test_a_refusal_is_one_line_of_the_log_without_what_was_sent(echo: Site) -> None:
    before = len(echo.lines("reason=obsolete_folding"))
    with echo.connect() as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nCookie: a=secret\r\n forged line\r\n\r\n")
        assert statuses(connection) == [400]

    assert len(echo.lines("reason=obsolete_folding")) == before + 1
    assert echo.lines("secret") == []


@pytest.mark.promise(96)
def test_a_long_answer_reaches_a_slow_reader_whole(echo: Site) -> None:
    with echo.connect(receives=4096) as connection:
        connection.sendall(b"GET /long HTTP/1.1\r\n" + HOST + b"\r\n" + GET)
        answer = read(connection)

        assert len(answer.body) == 400 * 15_000
        assert _said(read(connection))["path"] == "/first"
