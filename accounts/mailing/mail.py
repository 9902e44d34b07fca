"""Mails: written from a text and an HTML template, sent after the commit, and never twice.

For any part of the house::

    mail.send(address, "address_changed", {"link": mail.absolute(path)})

writes ``templates/mails/address_changed.txt`` and ``.html``, which extend ``mails/base.txt`` and ``mails/base.html``
and say the same (a test compares them). The block ``subject`` of the text is the subject. Both are given the
context, ``site_name``, ``site_url`` and ``asked``: when, from which address and with what somebody asked for it.
"""

import logging
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from smtplib import SMTPRecipientsRefused
from typing import Any, NoReturn, TypedDict
from uuid import uuid4

from celery import shared_task
from django.conf import settings
from django.core.cache import cache
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import get_language, override
from redis.exceptions import RedisError

from accounts.browsers import name_browser
from accounts.mailing.queue import later
from audit.context import current

logger = logging.getLogger(__name__)

CLAIM = 120  # seconds that one worker has for handing a mail over; longer than every time-out on the way
REMEMBERED = 86_400  # seconds that a mail which was sent is not sent again
MOST_RETRIES = 8  # over half an hour: a link lives for an hour
FIRST_PAUSE, LONGEST_PAUSE = 15, 600  # seconds


class NotSetUp(Exception):
    """This site has no way to send mail; ask ``is_set_up`` before promising one."""


class NotSent(Exception):
    """A mail was not taken by the mail server."""


class UnderWay(Exception):
    """Another worker is sending this very mail, or was killed while it did."""


class Asked(TypedDict):
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


def is_set_up() -> bool:
    return settings.CAN_SEND_MAIL


def absolute(path: str) -> str:
    """Turn a path of this site into what a mail can hold: never from the request's Host header."""
    return f"{settings.PUBLIC_URL}{path}"


def asked_now() -> Asked:
    """Note the circumstances of this request, for a mail that is written now or later."""
    context = current()
    return Asked(
        at=timezone.now().isoformat(),
        address=context.address or "",
        browser=name_browser(context.user_agent or ""),
        language=get_language() or settings.LANGUAGE_CODE,
    )


def new_id() -> str:
    return str(uuid4())


def send(
    to: str, template: str, context: Mapping[str, object], *, asked: Asked | None = None, mail_id: str = ""
) -> None:
    """Write a mail now and send it after the commit. Raises NotSetUp.

    ``asked`` are the circumstances, by default this request's. A job that may run twice gives a ``mail_id``
    that is the same both times. Nothing in the context may be a text that a stranger chose: mails go to
    addresses that a stranger chose, in our name.
    """
    if not is_set_up():
        raise NotSetUp
    letter = write(to, template, context, asked=asked or asked_now(), mail_id=mail_id or new_id())
    later(deliver, **asdict(letter))


def write(to: str, template: str, context: Mapping[str, object], *, asked: Asked, mail_id: str) -> Letter:
    whole = {
        **context,
        "asked": {**asked, "at": _moment(asked["at"])},
        "site_name": settings.SITE_NAME,
        "site_url": settings.PUBLIC_URL,
    }
    with override(asked["language"]), timezone.override("UTC"):
        text = render_to_string(f"mails/{template}.txt", whole)
        html = render_to_string(f"mails/{template}.html", whole)
    subject, _, body = text.strip().partition("\n")
    return Letter(id=mail_id, to=to, subject=" ".join(subject.split()), text=_spaced(body), html=html)


@shared_task(bind=True, max_retries=MOST_RETRIES, ignore_result=True)  # type: ignore[untyped-decorator]  # no types
def deliver(task: Any, **letter: str) -> None:
    """Hand a mail over, once for each id; try again while the mail server does not take it."""
    try:
        _deliver_once(Letter(**letter), has_broker=not task.request.is_eager)
    except SMTPRecipientsRefused as refused:
        if _is_final(refused):
            logger.warning("mail %s: its receiver was refused for good", letter["id"])
            return
        _try_again(task, letter["id"], refused)
    except (OSError, RedisError, UnderWay) as failed:  # SMTP's exceptions are OSErrors
        _try_again(task, letter["id"], failed)


def _try_again(task: Any, mail_id: str, failed: Exception) -> NoReturn:
    """Raise what makes the worker take the mail up later, or what ends it: of the failure only its name.

    Its text may hold the receiver, and Celery writes it into the log.
    """
    not_sent = NotSent(f"mail {mail_id}: {type(failed).__name__}")
    if task.request.is_eager:
        raise not_sent from None
    raise task.retry(exc=not_sent, countdown=min(FIRST_PAUSE * 2**task.request.retries, LONGEST_PAUSE)) from None


def _deliver_once(letter: Letter, *, has_broker: bool) -> None:
    """Send a mail unless it was sent. Without Redis nobody can know; then only one process has it anyway.

    A claim is short: who was killed while sending leaves it to the next. Killed after the mail server took
    the mail and before that was noted, it goes out twice, with the same Message-ID.
    """
    name = f"mail:{letter.id}"
    try:
        if not cache.add(name, "under way", CLAIM):
            if cache.get(name) == "sent":
                return
            raise UnderWay
    except RedisError:
        if has_broker:
            raise
    try:
        _hand_over(letter)
    except BaseException:
        _note(name, None)
        raise
    _note(name, "sent")


def _note(name: str, value: str | None) -> None:
    try:
        cache.set(name, value, REMEMBERED) if value else cache.delete(name)
    except RedisError:
        logger.warning("the cache is away: what became of a mail is not noted")


def _hand_over(letter: Letter) -> None:
    _, _, domain = settings.DEFAULT_FROM_EMAIL.rpartition("@")
    headers = {
        "Message-ID": f"<{letter.id}@{domain.rstrip('>')}>",
        "Auto-Submitted": "auto-generated",  # RFC 3834: no holiday notices in return
    }
    sender = settings.DEFAULT_FROM_EMAIL
    mail = EmailMultiAlternatives(letter.subject, letter.text, sender, [letter.to], headers=headers)
    mail.attach_alternative(letter.html, "text/html")
    mail.send()


def _is_final(refused: SMTPRecipientsRefused) -> bool:
    return all(code >= 500 for code, _ in refused.recipients.values())


def _spaced(text: str) -> str:
    """Blocks of a template that are empty leave gaps."""
    return re.sub(r"\n{3,}", "\n\n", text.strip()) + "\n"


def _moment(text: str) -> datetime:
    moment = parse_datetime(text)
    assert moment is not None  # noqa: S101  # asked_now wrote it
    return moment
