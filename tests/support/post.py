"""The mails of the product: jobs are taken from the real queue as by a worker, and the resulting mails are read."""

import re
from email.message import Message
from html.parser import HTMLParser
from importlib import import_module
from typing import Any

from django.core import mail
from django.core.mail import EmailMultiAlternatives

LINK = re.compile(r"http://\S+?(/accounts/(?:links|invitation/[\w-]+)/[\w-]{43}/)")


class Post:
    """The mails that the product has sent. Reading them runs the waiting jobs first."""

    def __init__(self) -> None:
        self._app = import_module("config.celery").app

    def work(self, *, times: int = 1) -> None:
        """Run every waiting job so many times, and the jobs that result from them."""
        with self._app.connection_for_read() as connection, connection.SimpleQueue("celery") as queue:
            while (message := _next(queue)) is not None:
                by_place, by_name, _ = message.payload
                for _ in range(times):
                    self._app.tasks[message.headers["task"]].apply(by_place, by_name, throw=True)
                message.ack()

    def all(self) -> list[EmailMultiAlternatives]:
        self.work()
        return [letter for letter in mail.outbox if isinstance(letter, EmailMultiAlternatives)]

    def to(self, address: str) -> EmailMultiAlternatives:
        """Return the newest mail to an address."""
        return [letter for letter in self.all() if letter.to == [address]][-1]

    def count(self, address: str) -> int:
        return len([letter for letter in self.all() if letter.to == [address]])

    def link(self, address: str) -> str:
        """Return the path of the only link to our site in the newest mail to an address."""
        (path,) = set(LINK.findall(str(self.to(address).body)))
        return str(path)


def html_of(letter: EmailMultiAlternatives) -> str:
    """Return the HTML part of a mail as it is sent."""
    message: Message = letter.message()
    (part,) = [part for part in message.walk() if part.get_content_type() == "text/html"]
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def words_of(html: str) -> list[str]:
    """Return the visible texts in the HTML of a mail."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return " ".join(reader.read).split()


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []
        self._in_style = False

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._in_style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._in_style = False

    def handle_data(self, data: str) -> None:
        if not self._in_style:
            self.read.append(data)


def _next(queue: Any) -> Any:
    try:
        return queue.get(block=False)
    except queue.Empty:
        return None
