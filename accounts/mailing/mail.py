"""Mails: written from a text and an HTML template, kept as errands, sent after the commit, and once.

For any part of the house::

    mail.send(address, "email_changed", {"link": mail.absolute(path)})

writes ``templates/mails/email_changed.txt`` and ``.html``, which extend ``mails/base.txt`` and ``mails/base.html``
and say the same (a test compares them). The block ``subject`` of the text is the subject. Both are given the
context, ``site_name``, ``site_url`` and ``asked``: when, from which address and with what somebody asked for it.
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
    """This site has no way to send mail; ask ``is_configured`` before promising one."""


class NotSent(RetryLater):
    """A mail was not taken by the mail server."""


class RequestFacts(TypedDict):
    """The circumstances of what a mail is about, as JSON carries them; people read them in the mail."""

    at: str
    address: str
    browser: str
    language: str


@dataclass(frozen=True, kw_only=True)
class Letter:
    """A mail that is written. Under one ``id`` it is sent once, however often that is tried."""

    id: str
    to: str
    subject: str
    text: str
    html: str


def is_configured() -> bool:
    return settings.CAN_SEND_MAIL


def absolute(path: str) -> str:
    """Turn a path of this site into what a mail can hold: never from the request's Host header."""
    return f"{settings.PUBLIC_URL}{path}"


def request_facts() -> RequestFacts:
    """Note the circumstances of this request, for a mail that is written now or later."""
    context = current()
    return RequestFacts(
        at=timezone.now().isoformat(),
        address=context.address or "",
        browser=name_browser(context.user_agent or ""),
        language=get_language() or settings.LANGUAGE_CODE,
    )


def new_id() -> str:
    return str(uuid4())


def send(
    to: str, template: str, context: Mapping[str, object], *, asked: RequestFacts | None = None, mail_id: str = ""
) -> None:
    """Write a mail now and send it after the commit. Raises MailNotConfigured.

    ``asked`` are the circumstances, by default this request's. A job that may run twice gives a ``mail_id``
    that is the same both times. Nothing in the context may be a text that a stranger chose: mails go to
    addresses that a stranger chose, in our name.
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
    """Return the language if the site speaks it still: a mail that waited may name one that it no longer does."""
    return language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


@deferred_task("mail", is_one_transaction=False)
def deliver(**letter: str) -> None:
    """Hand a mail over. Raises NotSent, with only the name of the failure: its text may hold the receiver.

    Killed after the mail server took the mail and before that was noted, it goes out twice, with the same Message-ID.
    """
    try:
        _hand_over(Letter(**letter))
    except SMTPRecipientsRefused as refused:
        if not _is_final(refused):
            raise NotSent(type(refused).__name__) from None
        logger.warning("mail %s: its receiver was refused for good", letter["id"])
    except (SMTPNotSupportedError, NotAnEmail):
        logger.warning("mail %s: its receiver cannot be written to from here", letter["id"])
    except OSError as failed:  # SMTP's exceptions are OSErrors
        raise NotSent(type(failed).__name__) from None


def _hand_over(letter: Letter) -> None:
    _, _, domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")
    headers = {
        "Message-ID": f"<{letter.id}@{domain.rstrip('>')}>",
        "Auto-Submitted": "auto-generated",  # RFC 3834: no holiday notices in return
        "To": _shown(letter.to),
    }
    sender = settings.DEFAULT_FROM_EMAIL
    mail = EmailMultiAlternatives(letter.subject, letter.text, sender, [letter.to], headers=headers)
    mail.attach_alternative(letter.html, "text/html")
    mail.send()


def _shown(email: str) -> str:
    """Return what stands in the header. Raises NotAnEmail. Letters beyond ASCII cannot: Django writes no RFC 6532."""
    receiver = for_mail(email)
    return receiver if receiver.isascii() else "undisclosed-recipients:;"


def _is_final(refused: SMTPRecipientsRefused) -> bool:
    return all(code >= 500 for code, _ in refused.recipients.values())


def _spaced(text: str) -> str:
    """Blocks of a template that are empty leave gaps."""
    return re.sub(r"\n{3,}", "\n\n", text.strip()) + "\n"


def _moment(text: str) -> datetime:
    moment = parse_datetime(text)
    assert moment is not None  # noqa: S101  # asked_now wrote it
    return moment
