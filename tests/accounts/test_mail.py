"""Mails: the same content in text and HTML, sent once, after the commit, through a real queue and mail server."""

import re
import signal
import uuid
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core import mail as django_mail
from django.core.checks import run_checks
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from kombu.exceptions import OperationalError

from accounts.mailing import mail
from accounts.mailing.mail import Letter, MailNotConfigured, RequestFacts
from config.console_mail import ConsoleEmailBackend
from config.variables import CHECKOUT
from jobs.deferred import defer
from jobs.deferred.worker import run, run_deferred_task
from tests.audit.truth import rolled_back
from tests.support.mailbox import Mailbox, open_mailbox
from tests.support.post import Post, html_of, words_of
from tests.support.waiting import until
from tests.support.worker import forget_messages, started

OTHERWISE = {"base", "action", "notice"}  # each kind of notice is compared in tests/flows/test_notices.py
TEMPLATES = sorted(
    path.stem for path in (CHECKOUT / "templates" / "mails").glob("*.html") if path.stem not in OTHERWISE
)
TO_OTHERS = {
    "domain_code",
    "domain_failing",
    "domain_lapsed",
    "identity_connected",
    "invitation",
    "webhook_off",
}  # whose recipient did not make the request, and must not see its circumstances
LINK = "http://127.0.0.1:8000/accounts/links/" + "x" * 43 + "/"
CONTEXTS: list[dict[str, object]] = [
    {"link": LINK, "providers": ["GitHub", "Google"], "has_password": True},
    {"link": "", "providers": [], "has_password": False},
]
ASKED = RequestFacts(
    at="2026-11-21T09:05:00+00:00", ip_address="203.0.113.7", browser="Firefox on Linux", language="en"
)


def letter(**changes: str) -> dict[str, str]:
    fields = {
        "id": str(uuid.uuid4()),
        "to": "ada@example.com",
        "subject": "Hello",
        "text": "Text",
        "html": "<p>Text</p>",
    }
    return fields | changes


def write(template: str, context: dict[str, object]) -> Letter:
    return mail.write("ada@example.com", template, context, asked=ASKED, mail_id="1")


@pytest.mark.parametrize("context", CONTEXTS, ids=["whole", "bare"])
@pytest.mark.parametrize("template", TEMPLATES)
def test_text_and_html_have_the_same_content(template: str, context: dict[str, object]) -> None:
    written = write(template, context)
    text = [word.rstrip(":") for word in written.text.split()]

    assert text == [word.rstrip(":") for word in words_of(written.html)]
    assert "21 November 2026, 09:05 UTC" in written.text
    for whereabouts in ("203.0.113.7", "Firefox on Linux"):
        assert (whereabouts in written.text) is (template not in TO_OTHERS)
    assert re.match(r"[A-Z].{10,70}\Z", written.subject)
    assert "Vestibule" in written.text


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_mail_loads_nothing_and_links_only_to_this_site(template: str) -> None:
    html = write(template, CONTEXTS[0]).html

    assert not re.search(r"<(img|script|link|iframe|object)|url\(|src=", html)
    assert set(re.findall(r'href="([^"]+)"', html)) <= {LINK, "http://127.0.0.1:8000/accounts/login/"}
    assert len(re.findall(r'class="button"', html)) <= 1


def test_values_of_the_context_are_escaped() -> None:
    written = write("registered_already", {"providers": ["<b>&"], "has_password": False})

    assert "<b>&" in written.text
    assert "&lt;b&gt;&amp;" in written.html


@pytest.mark.django_db(transaction=True)
def test_a_mail_is_sent_after_the_commit_and_not_after_a_rollback(post: Post) -> None:
    with transaction.atomic():
        mail.send("ada@example.com", "email_changed", {})
        assert post.all() == []
    with rolled_back():
        mail.send("grace@example.com", "email_changed", {})

    (sent,) = post.all()
    assert (sent.to, sent.from_email) == (["ada@example.com"], "no-reply@localhost")
    assert sent.extra_headers["Auto-Submitted"] == "auto-generated"
    assert "Your address was changed" in sent.subject
    assert words_of(html_of(sent))


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(78)
def test_a_mail_that_is_queued_twice_is_sent_once(post: Post) -> None:
    mail_id = mail.new_id()
    for _ in range(2):
        mail.send("ada@example.com", "email_changed", {}, mail_id=mail_id)
    post.work(times=2)

    assert post.count("ada@example.com") == 1


@pytest.mark.django_db
def test_without_configured_mail_sending_raises_and_a_check_warns(settings: Any) -> None:
    settings.CAN_SEND_MAIL = False

    with pytest.raises(MailNotConfigured):
        mail.send("ada@example.com", "email_changed", {})
    assert [message.id for message in run_checks() if message.id == "accounts.W010"] == ["accounts.W010"]


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    with open_mailbox() as mailbox:
        settings.EMAIL_BACKEND = "config.smtp.SMTPEmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mailbox.server_address[1]
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        yield mailbox


@pytest.mark.django_db(transaction=True)
def test_a_mail_that_the_server_rejected_temporarily_is_retried_and_sent_once(mailbox: Mailbox, caplog: Any) -> None:
    fields = letter()
    defer(mail.deliver, task_id=fields["id"], **fields)
    mailbox.refusals = ["451 later"]

    assert [run(UUID(fields["id"])) for _ in range(3)] == [False, True, True]
    (taken,) = mailbox.taken
    assert taken["Message-ID"] == f"<{fields['id']}@localhost>"
    assert fields["to"] not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_recipient_that_is_rejected_permanently_is_not_retried(mailbox: Mailbox, caplog: Any) -> None:
    fields = letter()
    defer(mail.deliver, task_id=fields["id"], **fields)
    mailbox.refusals = ["550 nobody"]

    assert [run(UUID(fields["id"])) for _ in range(2)] == [True, True]
    assert mailbox.taken == []
    assert "rejected its recipient permanently" in caplog.text
    assert fields["to"] not in caplog.text


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(79)
def test_without_a_broker_the_mail_is_sent_at_once(
    mailbox: Mailbox, cache_away: Any, providers: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(**_: object) -> None:
        raise OperationalError

    cache_away()
    monkeypatch.setattr(run_deferred_task, "apply_async", away)
    mail.send("ada@example.com", "email_changed", {})

    assert [taken["To"] for taken in mailbox.taken] == ["ada@example.com"]


@pytest.mark.process
@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(78)
def test_a_separate_worker_sends_each_mail_once(mailbox: Mailbox, tmp_path: Path) -> None:
    """The whole path: this process, PostgreSQL, Valkey, a worker as `make run` starts it, SMTP."""
    messages = forget_messages()
    mail.send("ada@example.com", "registration", {"link": LINK}, mail_id=mail.new_id())
    fields = letter(to="grace@example.com")
    for _ in range(3):
        defer(mail.deliver, task_id=fields["id"], **fields)
    with started(tmp_path / "log", {"EMAIL_URL": f"{mailbox.url}?tls=none"}) as worker:
        until(lambda: {taken["To"] for taken in mailbox.taken} == {"ada@example.com", "grace@example.com"}, seconds=60)
        until(lambda: not (messages.llen("celery") or messages.hlen("unacked")), seconds=60)
        worker.send_signal(signal.SIGTERM)
        worker.wait(timeout=60)

    assert (messages.llen("celery"), messages.hlen("unacked")) == (0, 0)
    assert sorted(taken["To"] for taken in mailbox.taken) == ["ada@example.com", "grace@example.com"]
    written = (tmp_path / "log").read_text()
    assert "ada@example.com" not in written
    assert LINK not in written


def test_in_development_a_mail_is_printed_in_readable_form() -> None:
    stream = StringIO()
    backend = ConsoleEmailBackend()
    backend.stream = stream
    written = write("registration", CONTEXTS[0])
    message = EmailMultiAlternatives(written.subject, written.text, "us@example.com", [written.to], connection=backend)
    message.attach_alternative(written.html, "text/html")
    message.send()

    assert f"\n{LINK}\n" in stream.getvalue()
    assert "To: ada@example.com\nSubject: Open your account\n" in stream.getvalue()
    assert "<p" not in stream.getvalue()
    assert django_mail.outbox == []
