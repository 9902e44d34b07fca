"""Our detection of the end of a chunked body never differs from that of gunicorn's reader."""

from typing import Any

import pytest
from gunicorn.config import Config
from gunicorn.http import errors
from hypothesis import given, settings
from hypothesis import strategies as st

from config.server.parser import Gathered, Parser

HEAD = b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
PIECES = [
    b"0",
    b"1",
    b"a",
    b"A",
    b"10",
    b"\r\n",
    b"\r",
    b"\n",
    b";",
    b" ",
    b"-",
    b"_",
    b"x",
    b":",
    b"X-A: b",
    b"\r\n\r\n",
]
CONFIG = Config()
CONFIG.set("limit_request_line", 0)


def _parser() -> Parser:
    return Parser(CONFIG, ("127.0.0.1", 1))


def _read(body: bytes) -> tuple[bytes, bytes] | None:
    """Return the body according to gunicorn's reader and what follows, or None if it needs more data or refuses."""
    source = Gathered()
    source.put(HEAD + body)
    parser: Any = _parser()
    parser.unreader = source
    try:
        request = super(Parser, parser).__next__()
        return request.body.read(), bytes(source.take_buffered())
    except (errors.ParseException, errors.NoMoreData):
        return None


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=14).map(b"".join))
@pytest.mark.promise(96)
def test_a_body_is_whole_as_soon_as_gunicorn_can_read_it_and_not_before(body: bytes) -> None:
    parser, fed = _parser(), b""
    is_whole = parser.feed(HEAD)
    for at in range(len(body)):
        if is_whole:
            break
        fed += body[at : at + 1]
        assert _read(fed[:-1]) is None
        is_whole = parser.feed(body[at : at + 1])
    if not is_whole:
        assert _read(body) is None
        return
    expected = _read(fed)
    if expected is not None:
        assert next(parser).body.read() == expected[0]
        assert parser.start_over() == expected[1]


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8), st.binary(max_size=20), st.integers(1, 60))
@pytest.mark.promise(96)
def test_a_valid_body_is_read_in_whatever_pieces_it_comes(chunks: list[bytes], ahead: bytes, step: int) -> None:
    body = b"".join(b"%X\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks) + b"0\r\n\r\n"
    sent, parser, is_whole = HEAD + body, _parser(), False
    for at in range(0, len(sent), step):
        assert not is_whole
        is_whole = parser.feed(sent[at : at + step] + (ahead if at + step >= len(sent) else b""))

    assert is_whole
    assert next(parser).body.read() == b"".join(chunks)
    assert parser.start_over() == ahead
