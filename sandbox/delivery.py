"""Write answers to the socket, also in the ways of a failing provider."""

import socket
import struct
from http import HTTPStatus
from threading import Event

from sandbox.faults.transport import BOMB_BYTES, MEBIBYTE
from sandbox.wire import Answer, Fields, Manner

PATIENCE_SECONDS = 30


def deliver(connection: socket.socket, answer: Answer, security: Fields, ended: Event) -> bool:
    """Send an answer, and return whether the connection can be kept alive.

    Slow answers stop after 30 seconds, and at once when `ended` is set.
    """
    padding = BOMB_BYTES if answer.manner is Manner.HUGE else 0
    head = _head(answer, security, len(answer.body) + padding)
    match answer.manner:
        case Manner.PLAIN:
            connection.sendall(head + answer.body)
            return True
        case Manner.HUGE:
            _send_huge(connection, head, answer.body, ended)
        case Manner.HANG:
            ended.wait(PATIENCE_SECONDS)
        case Manner.DRIP_HEADERS:
            _drip(connection, head + answer.body, ended)
        case Manner.DRIP_BODY:
            connection.sendall(head)
            _drip(connection, answer.body, ended)
        case Manner.TRUNCATED:
            connection.sendall(head + answer.body[: len(answer.body) // 2])
        case Manner.RESET:
            _reset(connection)
        case Manner.ENDLESS_CONTINUE:
            _continue_endlessly(connection, ended)
    return False


def _head(answer: Answer, security: Fields, length: int) -> bytes:
    reason = HTTPStatus(answer.status).phrase
    fields = [("Content-Type", answer.content_type), ("Content-Length", str(length))]
    if answer.status == HTTPStatus.NO_CONTENT:
        fields = []
    lines = [f"HTTP/1.1 {answer.status} {reason}"]
    lines += [f"{name}: {value}" for name, value in (*fields, *security, *answer.headers)]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")


def _drip(connection: socket.socket, content: bytes, ended: Event) -> None:
    for byte in content[:PATIENCE_SECONDS]:
        connection.sendall(bytes((byte,)))
        if ended.wait(1):
            return


def _send_huge(connection: socket.socket, head: bytes, body: bytes, ended: Event) -> None:
    """Send spaces first, which are legal before JSON: a client without a limit reads a valid answer."""
    connection.sendall(head)
    blanks = b" " * MEBIBYTE
    for _ in range(BOMB_BYTES // MEBIBYTE):
        if ended.is_set():
            return
        connection.sendall(blanks)
    connection.sendall(body)


def _reset(connection: socket.socket) -> None:
    """Close with RST. The server itself would send a FIN."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    socket.close(connection.detach())


def _continue_endlessly(connection: socket.socket, ended: Event) -> None:
    for _ in range(PATIENCE_SECONDS * 100):
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        if ended.wait(0.01):
            return
