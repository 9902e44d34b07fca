"""Mail in development: printed as readable text."""

import sys
from collections.abc import Sequence
from typing import IO

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

RULE = "-" * 78


class ConsoleEmailBackend(BaseEmailBackend):
    """Print the text of each mail. Django's console backend prints the encoded message, which breaks long links.

    Writes to ``sys.__stdout__``, because Celery's worker redirects ``sys.stdout`` to its log, line by line.
    """

    stream: IO[str] | None = sys.__stdout__

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        stream = self.stream or sys.stderr
        for mail in email_messages:
            stream.write(f"\n{RULE}\nTo: {', '.join(mail.to)}\nSubject: {mail.subject}\n\n{mail.body}\n{RULE}\n")
        stream.flush()
        return len(email_messages)
