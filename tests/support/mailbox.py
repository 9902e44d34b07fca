"""A mail server on this machine that speaks SMTP (RFC 5321), keeps the mails, and can be made to refuse them."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email import message_from_bytes
from email.message import Message


class Mailbox(socketserver.ThreadingTCPServer):
    """Listens on a free port. ``refusals`` are the replies to the next recipients, until it accepts one.

    While ``go_on`` is not set, clients with a mail have to wait; ``waiting`` counts them.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.taken: list[Message] = []
        self.receivers: list[str] = []
        self.refusals: list[str] = []
        self.go_on = threading.Event()
        self.go_on.set()
        self.waiting = 0

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.server_address[1]}"


class _Conversation(socketserver.StreamRequestHandler):
    server: Mailbox

    def handle(self) -> None:
        with suppress(ConnectionError):  # the client was killed
            self._converse()

    def _converse(self) -> None:
        self._say("220 mailbox")
        while line := self.rfile.readline():
            command = line.split(b" ")[0].strip().upper()
            if command == b"DATA":
                self._take()
            elif command == b"RCPT" and self.server.refusals:
                self._say(self.server.refusals.pop(0))
            else:
                if command == b"RCPT":
                    self.server.receivers.append(line.decode().partition("<")[2].partition(">")[0])
                self._say("221 bye" if command == b"QUIT" else "250 fine")

    def _take(self) -> None:
        if not self.server.go_on.is_set():
            self.server.waiting += 1
            self.server.go_on.wait(timeout=60)
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return
            lines.append(line)
        self.server.taken.append(message_from_bytes(b"".join(lines)))
        self._say("250 taken")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def open_mailbox() -> Iterator[Mailbox]:
    with Mailbox() as mailbox:
        thread = threading.Thread(target=mailbox.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield mailbox
        finally:
            mailbox.shutdown()
            thread.join()
