"""A DNS resolver on this machine that answers by UDP and TCP, knows the records that a test publishes, and can fail."""

import socket
import struct
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from socketserver import BaseRequestHandler, BaseServer, ThreadingTCPServer, ThreadingUDPServer
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import dns.rrset

LOOPBACK = "127.0.0.1"
SPECIAL = {"silent", "SERVFAIL", "REFUSED", "FORMERR", "garbage"}


@dataclass
class FakeResolver:
    """What it answers: ``records`` by name, or one of SPECIAL for every question. ``asked`` collects the questions."""

    port: int = 0
    records: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    aliases: dict[str, str] = field(default_factory=dict)
    mood: str = ""
    is_without_tcp: bool = False
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    @property
    def address(self) -> tuple[str, int]:
        return LOOPBACK, self.port

    def publish(self, name: str, *texts: str) -> None:
        self.records[name] = [*self.records[name], *texts]

    def answer(self, question: bytes, way: str) -> bytes | None:
        query = dns.message.from_wire(question)
        asked = query.question[0]
        name = asked.name.to_text(omit_final_dot=True)
        self.asked.append((way, name, dns.rdatatype.to_text(asked.rdtype)))
        if self.mood == "silent":
            return None
        if self.mood == "garbage":
            return question[:2] + b"\xff" * 40
        return bytes(self._message(query, name, way).to_wire(max_size=65535))

    def _message(self, query: Any, name: str, way: str) -> Any:
        reply = dns.message.make_response(query, recursion_available=True)
        if self.mood:
            reply.set_rcode(dns.rcode.from_text(self.mood))
            return reply
        if alias := self.aliases.get(name):
            reply.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "CNAME", f"{alias}."))
        target = alias or name
        if target not in self.records:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        elif texts := self.records[target]:
            quoted = [" ".join(f'"{text[i : i + 255]}"' for i in range(0, len(text), 255)) for text in texts]
            reply.answer.append(dns.rrset.from_text(f"{target}.", 60, "IN", "TXT", *quoted))
        if way == "udp" and len(reply.to_wire(max_size=65535)) > max(query.payload, 512):
            reply = dns.message.make_response(query, recursion_available=True)
            reply.flags |= dns.flags.TC
        return reply


@contextmanager
def fake_resolver() -> Iterator[FakeResolver]:
    """Answer on one port of loopback, by UDP and by TCP, until the block ends."""
    told = FakeResolver()

    class ByDatagram(BaseRequestHandler):
        def handle(self) -> None:
            question, sock = self.request
            if (answer := told.answer(question, "udp")) is not None:
                sock.sendto(answer, self.client_address)

    class ByStream(BaseRequestHandler):
        def handle(self) -> None:
            sock: socket.socket = self.request
            (length,) = struct.unpack("!H", sock.recv(2, socket.MSG_WAITALL))
            answer = None if told.is_without_tcp else told.answer(sock.recv(length, socket.MSG_WAITALL), "tcp")
            if answer is not None:
                sock.sendall(struct.pack("!H", len(answer)) + answer)

    with ThreadingTCPServer((LOOPBACK, 0), ByStream) as by_stream:
        told.port = by_stream.server_address[1]
        with ThreadingUDPServer((LOOPBACK, told.port), ByDatagram) as by_datagram:
            servers: tuple[BaseServer, ...] = (by_stream, by_datagram)
            for server in servers:
                threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            yield told
            for server in servers:
                server.shutdown()
