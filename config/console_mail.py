"""Mail of a development machine: written where people look, as people read it."""

import sys
from collections.abc import Sequence
from typing import IO

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

RULE = "-" * 78


class ConsoleEmailBackend(BaseEmailBackend):
    """Django's own writes what travels, in which long links are broken; this one writes the text.

    Past ``sys.stdout``, which the worker turns into its log, a line at a time.
    """

    stream: IO[str] | None = sys.__stdout__

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        stream = self.stream or sys.stderr
        for mail in email_messages:
            stream.write(f"\n{RULE}\nTo: {', '.join(mail.to)}\nSubject: {mail.subject}\n\n{mail.body}\n{RULE}\n")
        stream.flush()
        return len(email_messages)
