"""Notices: the mails that tell people what happened to their account, so that they can undo what they did not do.

Call ``notify`` in the transaction of the act, on the line after its ``record``::

    record(Event.FACTOR_ADDED, person=user, ...)
    notices.notify(user, Notice.PASSKEY_ADDED)

Which events send a notice, and why the others do not, is declared in tests/accounts/test_notices.py.
"""

from collections.abc import Iterable
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from accounts.mailing import mail
from accounts.mailing.mail import RequestFacts
from accounts.mailing.notice_texts import NOTICE_TEXTS, Notice
from accounts.models import User
from accounts.sign_in import rate_limits
from accounts.sign_in.rate_limits import Limit
from jobs.deferred import defer, deferred_task

__all__ = ["Notice", "notify", "notify_all", "reaches"]

OF_ONE_KIND = Limit(kind="notices", most=5, seconds=3600)  # to one account; more would bury the first


def notify(
    user: User, notice: Notice, *, before: User | None = None, asked: RequestFacts | None = None, **names: str
) -> None:
    """Mail a notice to the verified address of an account, after the commit. Without such an address, do nothing.

    ``user`` is the account as it is in this transaction; ``before`` is the account as it was, if the act changed its
    address. ``asked`` are the circumstances, by default this request's; ``names`` fill the text's placeholders.
    The fifth mail of one kind within an hour says that no more are sent: an attacker who repeats an act can neither
    fill a mailbox nor hide an act of another kind.
    """
    address = _address_of(before or user)
    if not address:
        return
    count = rate_limits.count_anyway(OF_ONE_KIND, f"{user.pk} {notice}")
    if count > OF_ONE_KIND.most:
        return
    text = NOTICE_TEXTS[notice]
    context = {
        "subject": text.subject,
        "happened": _FilledText(text.happened, {"site": settings.SITE_NAME, **names}),
        "by_owner": text.by_owner,
        "can_sign_in": text.can_sign_in,
        "is_last": count == OF_ONE_KIND.most,
        "sessions_url": mail.absolute(reverse("sessions")),
        "lock_url": mail.absolute(reverse("lock-account")),
    }
    mail.send(address, "notice", context, asked=asked)


def notify_all(people: Iterable[UUID], notice: Notice, **names: str) -> None:
    """Send many people the same notice. A worker renders the mails: that takes longer than most bulk actions."""
    named = [str(person) for person in people]
    defer(notify_each, people=named, notice=notice.value, asked=mail.request_facts(), names=names)


@deferred_task("notices")
def notify_each(*, people: list[str], notice: str, asked: RequestFacts, names: dict[str, str]) -> None:
    for person in User.objects.filter(pk__in=people).order_by("pk"):
        notify(person, Notice(notice), before=None, asked=asked, **names)


def reaches(user: User) -> bool:
    """Whether notices to this account have an address to go to."""
    return bool(_address_of(user))


class _FilledText:
    """A text with its placeholders filled in, translated only when the mail is rendered, in the mail's language."""

    def __init__(self, text: object, names: dict[str, str]) -> None:
        self._text, self._names = text, names

    def __str__(self) -> str:
        return str(self._text) % self._names


def _address_of(user: User) -> str:
    """Return the stored address if it is verified, and if mail can be sent."""
    return (user.email or "") if user.own_email and mail.is_configured() else ""
