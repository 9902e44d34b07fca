"""Mails: rendered from a text and an HTML template, stored as deferred tasks, sent once, after the commit.

Any app sends one with::

    mail.send(email, "email_changed", {"link": mail.absolute(path)})

This renders ``templates/mails/email_changed.txt`` and ``.html``, which extend ``mails/base.txt`` and
``mails/base.html`` and have the same content (a test compares them). The block ``subject`` of the text is the subject.
Both templates get the context, ``site_name``, ``site_url`` and ``asked``: when, from which IP address and with which
browser the mail was requested.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from smtplib import SMTPNotSupportedError, SMTPRecipientsRefused
from typing import TypedDict
from uuid import uuid4

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import get_language, override

from audit.context import current
from foundation.browsers import name_browser
from foundation.canonical_email import NotAnEmail, for_mail
from jobs.deferred import RetryLater, defer, deferred_task

logger = logging.getLogger(__name__)


class MailNotConfigured(Exception):
    """This site cannot send mail. Check ``is_configured`` before promising one."""


class NotSent(RetryLater):
    """The mail server did not accept the mail."""


class RequestFacts(TypedDict):
    """The circumstances of the request that led to a mail, JSON-serialisable. The mail shows them."""

    at: str
    ip_address: str
    browser: str
    language: str


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A rendered mail. Under one ``id`` it is sent once, however often ``send`` is called."""

    id: str
    to: str
    subject: str
    text: str
    html: str


def is_configured() -> bool:
    return settings.CAN_SEND_MAIL


def absolute(path: str) -> str:
    """Return the absolute URL of a path, for a mail. It never uses the request's Host header, which can be forged."""
    return f"{settings.PUBLIC_URL}{path}"


def request_facts() -> RequestFacts:
    """Return the circumstances of this request, for a mail that is rendered now or later."""
    context = current()
    return RequestFacts(
        at=timezone.now().isoformat(),
        ip_address=context.ip_address or "",
        browser=name_browser(context.user_agent or ""),
        language=get_language() or settings.LANGUAGE_CODE,
    )


def new_id() -> str:
    return str(uuid4())


def send(
    to: str, template: str, context: Mapping[str, object], *, asked: RequestFacts | None = None, mail_id: str = ""
) -> None:
    """Render a mail now and send it after the commit. Raises MailNotConfigured.

    ``asked`` are the circumstances, by default those of this request. A task that may run twice passes the same
    ``mail_id`` both times. The context must not contain text that a stranger chose: strangers choose addresses too,
    and would send their text in our name.
    """
    if not is_configured():
        raise MailNotConfigured
    letter = write(to, template, context, asked=asked or request_facts(), mail_id=mail_id or new_id())
    defer(deliver, task_id=letter.id, **asdict(letter))


def write(to: str, template: str, context: Mapping[str, object], *, asked: RequestFacts, mail_id: str) -> Letter:
    whole = {
        **context,
        "asked": {**asked, "at": _moment(asked["at"])},
        "site_name": settings.SITE_NAME,
        "site_url": settings.PUBLIC_URL,
    }
    with override(_offered(asked["language"])), timezone.override("UTC"):
        text = render_to_string(f"mails/{template}.txt", whole)
        html = render_to_string(f"mails/{template}.html", whole)
    subject, _, body = text.strip().partition("\n")
    return Letter(id=mail_id, to=to, subject=" ".join(subject.split()), text=_spaced(body), html=html)


def _offered(language: str) -> str:
    """Return the language if the site still offers it, else the default: a deferred mail may name a removed one."""
    return language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


@deferred_task("mail", is_one_transaction=False)
def deliver(**letter: str) -> None:
    """Send a mail. Raises NotSent with only the type of the failure: its text may contain the recipient.

    If the worker is killed after the mail server accepted the mail and before the task is marked as done, the mail is
    sent twice, with the same Message-ID.
    """
    try:
        _hand_over(Letter(**letter))
    except SMTPRecipientsRefused as refused:
        if not _is_final(refused):
            raise NotSent(type(refused).__name__) from None
        logger.warning("mail %s: the mail server rejected its recipient permanently", letter["id"])
    except (SMTPNotSupportedError, NotAnEmail):
        logger.warning("mail %s: its recipient's address cannot be used with this mail server", letter["id"])
    except OSError as failed:  # SMTP's exceptions are OSErrors
        raise NotSent(type(failed).__name__) from None


def _hand_over(letter: Letter) -> None:
    _, _, domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")
    headers = {
        "Message-ID": f"<{letter.id}@{domain.rstrip('>')}>",
        "Auto-Submitted": "auto-generated",  # RFC 3834: no vacation replies, please
        "To": _shown(letter.to),
    }
    sender = settings.DEFAULT_FROM_EMAIL
    mail = EmailMultiAlternatives(letter.subject, letter.text, sender, [letter.to], headers=headers)
    mail.attach_alternative(letter.html, "text/html")
    mail.send()


def _shown(email: str) -> str:
    """Return the To header. Raises NotAnEmail. A non-ASCII address is left out: Django does not support RFC 6532."""
    receiver = for_mail(email)
    return receiver if receiver.isascii() else "undisclosed-recipients:;"


def _is_final(refused: SMTPRecipientsRefused) -> bool:
    return all(code >= 500 for code, _ in refused.recipients.values())


def _spaced(text: str) -> str:
    """Collapse the blank lines that empty template blocks leave."""
    return re.sub(r"\n{3,}", "\n\n", text.strip()) + "\n"


def _moment(text: str) -> datetime:
    moment = parse_datetime(text)
    assert moment is not None  # noqa: S101  # request_facts wrote it
    return moment
