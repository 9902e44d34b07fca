"""A call to a provider ends in time, stays within its size limit and goes nowhere else."""

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from providers import upstream
from providers.refusal import RefusalReason, SignInRefused
from providers.upstream import LARGEST_ANSWER, UpstreamClient, UpstreamResponse, one_deadline
from tests.providers.listener import listening, plain
from tests.support.waiting import until

SHORT = 0.5  # seconds
PLACES = 4  # calls to one provider at once


@pytest.fixture
def out(monkeypatch: pytest.MonkeyPatch) -> Iterator[UpstreamClient]:
    monkeypatch.setattr(upstream, "DEADLINE", SHORT)
    way_out = UpstreamClient("test")
    yield way_out
    way_out.close()


def reason(call: Callable[[], object]) -> RefusalReason:
    started_at = time.monotonic()
    with pytest.raises(SignInRefused) as refused:
        call()
    assert time.monotonic() - started_at < SHORT + 0.5
    return refused.value.reason


def dripping(text: bytes) -> Callable[[socket.socket], None]:
    def answer(connection: socket.socket) -> None:
        for byte in text:
            connection.sendall(bytes([byte]))
            threading.Event().wait(0.05)

    return answer


def test_an_answer_is_returned_whole(out: UpstreamClient) -> None:
    with listening(plain(b'{"a": 1}')) as server:
        assert out.get(f"{server.url}/x?y=z") == UpstreamResponse(status=200, body=b'{"a": 1}')
        assert out.post(server.url, {"code": "c&d"}).object() == {"a": 1}
    assert server.requests[0].startswith(b"GET /x?y=z HTTP/1.1\r\n")
    assert b"Accept-Encoding: identity" in server.requests[0]


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/", "https://127.0.0.1:{port}/", "https://localhost:{port}/", "https://[::1]:{port}/",
        "https://127.1:{port}/", "https://2130706433:{port}/", "https://[::ffff:127.0.0.1]:{port}/",
        "https://169.254.169.254/latest/", "https://10.1.2.3/", "https://user@example.com/", "ftp://example.com/",
    ],
)  # fmt: skip
def test_an_outward_client_calls_nothing_in_a_private_network(settings: Any, url: str) -> None:
    settings.WEBHOOKS_ALLOW_LOOPBACK = False
    out = UpstreamClient("acme-1", is_outward=True)
    with listening(plain(b"{}")) as server:
        url = url.format(port=server.url.rpartition(":")[2].strip("/"))
        assert reason(lambda: out.get(url)) is RefusalReason.PROVIDER_NOT_PUBLIC
        assert reason(lambda: out.post(url, {"client_secret": "s"})) is RefusalReason.PROVIDER_NOT_PUBLIC
    assert server.requests == []


def test_an_outward_client_calls_this_machine_in_development() -> None:
    out = UpstreamClient("acme-1", is_outward=True)
    with listening(plain(b'{"a": 1}')) as server:
        assert out.get(server.url).object() == {"a": 1}
    out.close()


@pytest.mark.promise(50)
@pytest.mark.parametrize(
    "text",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + b"x" * 1000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 100,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1\r\nx\r\n" * 1000,
        b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 1000,
    ],
)
def test_a_slow_drip_ends_at_the_deadline(out: UpstreamClient, text: bytes) -> None:
    with listening(dripping(text)) as server:
        assert reason(lambda: out.get(server.url)) is RefusalReason.PROVIDER_UNREACHABLE


@pytest.mark.promise(50)
def test_several_calls_of_one_sign_in_share_one_deadline(out: UpstreamClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "DEADLINE", 10.0)
    monkeypatch.setattr(upstream, "LONGEST_SIGN_IN", SHORT)
    with listening(lambda _connection: None) as server, one_deadline():
        assert reason(lambda: out.get(server.url)) is RefusalReason.PROVIDER_UNREACHABLE
        assert reason(lambda: out.get(server.url)) is RefusalReason.PROVIDER_UNREACHABLE


@pytest.mark.promise(50)
def test_silence_ends_at_the_deadline(out: UpstreamClient) -> None:
    with listening(lambda _connection: None) as server:
        assert reason(lambda: out.get(server.url)) is RefusalReason.PROVIDER_UNREACHABLE


@pytest.mark.promise(50)
@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 1048576000\r\n\r\n",
        b"Content-Length: 1000000000000000000\r\n\r\n",
        b"Content-Length: 99999999999999999999999999\r\n\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFF\r\n",
        b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFFFFFFFFFFFFFFFFFFFFFF\r\n",
        b"\r\n",
    ],
)
def test_a_huge_answer_is_not_read_and_no_memory_is_allocated_for_it(out: UpstreamClient, head: bytes) -> None:
    with listening(b"HTTP/1.1 200 OK\r\n" + head + b" " * (2 * LARGEST_ANSWER)) as server:
        assert reason(lambda: out.get(server.url)) is RefusalReason.PROVIDER_ANSWER_INVALID


def test_an_answer_of_the_largest_size_is_read(out: UpstreamClient) -> None:
    body = b"x" * (LARGEST_ANSWER - 100)
    with listening(plain(body)) as server:
        assert out.get(server.url).body == body


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnothex\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-Flood: f\r\n" * 5000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000 + b"\r\n\r\n",
    ],
)
def test_a_malformed_answer_is_refused(out: UpstreamClient, text: bytes) -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_RDWR)

    with listening(answer) as server:
        assert reason(lambda: out.get(server.url)) is (
            RefusalReason.PROVIDER_ANSWER_INVALID if text else RefusalReason.PROVIDER_UNREACHABLE
        )


@settings(deadline=None, max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.binary(max_size=200) | st.binary(max_size=200).map(lambda rest: b"HTTP/1.1 200 OK\r\n" + rest))
def test_no_bytes_make_the_call_fail_in_another_way(out: UpstreamClient, text: bytes) -> None:
    def answer(connection: socket.socket) -> None:
        connection.sendall(text)
        connection.shutdown(socket.SHUT_RDWR)

    with listening(answer) as server:
        try:
            answered = out.get(server.url)
        except SignInRefused as refused:
            outcome: object = refused.reason
        else:
            outcome = type(answered)
    assert outcome in {RefusalReason.PROVIDER_UNREACHABLE, RefusalReason.PROVIDER_ANSWER_INVALID, UpstreamResponse}


@pytest.mark.promise(51)
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 See", "307 Temporary", "308 Permanent"])
def test_a_redirect_is_an_answer_like_any_other(out: UpstreamClient, status: str) -> None:
    with listening(plain(b"")) as elsewhere:
        with listening(plain(b"", f"Location: {elsewhere.url}", status=status)) as server:
            assert out.post(server.url, {"client_secret": "s"}).status == int(status[:3])
        assert elsewhere.connections == 0


@pytest.mark.promise(50)
def test_a_compressed_answer_is_not_decompressed(out: UpstreamClient) -> None:
    with listening(plain(gzip.compress(b"{}"), "Content-Encoding: gzip")) as server:
        assert reason(lambda: out.get(server.url)) is RefusalReason.PROVIDER_ANSWER_INVALID


@pytest.mark.parametrize("pause", [0.0, 0.05])
@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.0 200 OK\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 8\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 8\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_an_answer_that_ends_with_its_connection_is_read_whole(out: UpstreamClient, head: bytes, pause: float) -> None:
    """The body arrives after the headers, on a connection that the headers announce will be closed."""
    body = b'8\r\n{"a": 1}\r\n0\r\n\r\n' if b"chunked" in head else b'{"a": 1}'

    def answer(connection: socket.socket) -> None:
        connection.sendall(head)
        threading.Event().wait(pause)
        connection.sendall(body)
        connection.shutdown(socket.SHUT_RDWR)

    with listening(answer) as server:
        assert [out.get(server.url).object() for _ in range(2)] == [{"a": 1}] * 2
        assert server.connections == 2
    assert not out._idle  # noqa: SLF001  # nothing stays open


def test_a_connection_is_reused(out: UpstreamClient) -> None:
    with listening(plain(b"{}")) as server:
        assert [out.get(server.url).status for _ in range(3)] == [200, 200, 200]
        assert server.connections == 1


def test_a_connection_that_the_server_closed_is_not_reused(out: UpstreamClient) -> None:
    def answer_once(connection: socket.socket) -> None:
        connection.sendall(plain(b"{}"))
        connection.shutdown(socket.SHUT_RDWR)

    with listening(answer_once) as server:
        for count in (1, 2, 3):
            assert out.get(server.url).status == 200
            until(lambda: not out._idle or upstream._is_readable(out._idle[0][1].sock), seconds=2)  # noqa: SLF001  # the close must have arrived
            assert server.connections == count


def test_the_rest_of_one_answer_is_never_read_as_the_next(out: UpstreamClient) -> None:
    smuggled = plain(b"{}") + plain(b'{"access_token": "another"}')
    with listening(smuggled) as server:
        assert [out.get(server.url).body for _ in range(3)] == [b"{}"] * 3


@pytest.mark.slow
@pytest.mark.promise(53)
def test_a_provider_that_is_down_occupies_four_calls_and_none_of_another_provider(
    out: UpstreamClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "DEADLINE", 3.0)
    reasons: list[RefusalReason] = []

    def call() -> None:
        try:
            out.get(dead.url)
        except SignInRefused as refused:
            reasons.append(refused.reason)

    with listening(lambda _connection: None) as dead, listening(plain(b"{}")) as well:
        threads = [threading.Thread(target=call) for _ in range(PLACES + 2)]
        for thread in threads:
            thread.start()
        until(lambda: len(dead.requests) == PLACES, seconds=2)
        other = UpstreamClient("other")
        assert other.get(well.url).status == 200
        other.close()
        for thread in threads:
            thread.join(timeout=6)
    assert sorted(reasons) == [RefusalReason.PROVIDER_BUSY] * 2 + [RefusalReason.PROVIDER_UNREACHABLE] * PLACES


def test_proxies_of_the_environment_are_ignored(out: UpstreamClient, monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(plain(b"{}")) as server, listening(plain(b"{}")) as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        out.get(server.url)
        assert (server.connections, proxy.connections) == (1, 0)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/",
        "http://[::1",
        "http://127.0.0.1:99999/",
        "http://\ud800/",
        "http://127.0.0.1:1/ü",
        "http:///",
    ],
)
def test_an_unreachable_url_is_a_refusal(out: UpstreamClient, url: str) -> None:
    assert reason(lambda: out.get(url)) is RefusalReason.PROVIDER_UNREACHABLE


def test_a_header_value_cannot_inject_another_header(out: UpstreamClient) -> None:
    with listening(plain(b"{}")) as server:
        evil = {"Authorization": "Bearer a\r\nX-Evil: 1"}
        assert reason(lambda: out.get(server.url, headers=evil)) is RefusalReason.PROVIDER_UNREACHABLE
        assert server.requests == []


@pytest.mark.promise(49)
@given(st.binary(max_size=100) | st.sampled_from([b"[" * 200_000, b"9" * 5000, b"NaN", b"\xff\xfe", b'"\\ud800"']))
def test_a_body_that_is_not_an_object_is_refused(body: bytes) -> None:
    try:
        found: object = UpstreamResponse(status=200, body=body).object()
    except SignInRefused as refused:
        found = refused.reason
    assert isinstance(found, dict) or found is RefusalReason.PROVIDER_ANSWER_INVALID
