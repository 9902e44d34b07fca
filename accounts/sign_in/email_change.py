"""Change the e-mail address of an account.

The owner requests it, a link mailed to the new address confirms it, a link mailed to the old one cancels it. Each of
these acts locks the account's row first, so that concurrent acts see each other's result.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import IntegrityError, transaction

from accounts.mailing import links, mail
from accounts.mailing.mail import RequestFacts
from accounts.models import MailedLink, Purpose, User
from accounts.sessions import SessionRevocationReason, revoke_others
from accounts.sign_in import people, rate_limits
from accounts.sign_in.rate_limits import Limit
from audit.events import Event, record
from foundation import lifetimes
from foundation.canonical_email import canonical
from jobs.deferred import defer, deferred_task

BY_CLIENT = Limit(kind="email_changes.client", most=20, seconds=3600)
BY_ACCOUNT = Limit(kind="email_changes.account", most=5, seconds=3600)
TO_EMAIL = Limit(kind="email_changes.email", most=5, seconds=3600)


class CancellationReason(StrEnum):
    """Why a requested change was cancelled."""

    OWNER = "owner"
    NEWER_REQUEST = "newer_requested"
    NOT_THEM = "not_them"
    IDENTITY_CONNECTED = "identity_connected"
    IDENTITY_DISCONNECTED = "identity_disconnected"
    PASSWORD_RESET = "password_reset"  # noqa: S105  # a reason


OF_THE_ACCOUNT = (
    CancellationReason.IDENTITY_CONNECTED,
    CancellationReason.IDENTITY_DISCONNECTED,
    CancellationReason.PASSWORD_RESET,
)


class EmailTaken(Exception):
    """Another account has verified this address."""


class OwnAddress(Exception):
    """The account has this verified address already."""


class LinkOfAnother(Exception):
    """The link belongs to another account."""


@dataclass(frozen=True, kw_only=True)
class Pending:
    """A change that waits for its link to be used."""

    email: str
    requested_at: datetime
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Disowned:
    """What disowning a change found: whether it was still pending, or had happened."""

    was_pending: bool
    had_changed: bool


def pending(user: User) -> Pending | None:
    link = user.mailed_links.live().filter(purpose=Purpose.EMAIL_CHANGE).order_by("-pk").first()
    return Pending(email=link.email, requested_at=link.created_at, expires_at=link.expires_at) if link else None


def request_change(user: User, email: str) -> None:
    """Request a change, replacing any pending one: mail a link to the new address and a notice to the old one.

    The response is the same whether or not another account has the address: a worker looks that up. Raises
    mail.MailNotConfigured, OwnAddress and rate_limits.TooOften; then nothing is written.
    """
    if not mail.is_configured():
        raise mail.MailNotConfigured
    if canonical(email) == user.own_email:
        raise OwnAddress
    for limit, key in ((BY_CLIENT, ""), (BY_ACCOUNT, str(user.pk)), (TO_EMAIL, canonical(email))):
        rate_limits.check(limit, key)
    with transaction.atomic():
        user = _lock(user)
        cancel(user, cancellation=CancellationReason.NEWER_REQUEST)
        token = links.make(Purpose.EMAIL_CHANGE, email=email, lifetime=lifetimes.EMAIL_CHANGE_LINK, user=user)
        record(Event.EMAIL_CHANGE_REQUESTED, person=user, personal={"email": email})
        _notify_old_email(user)
        defer(notify_new_email, token=token, asked=mail.request_facts(), mail_id=mail.new_id())


@deferred_task("new_email")
def notify_new_email(*, token: str, asked: RequestFacts, mail_id: str) -> None:
    """Mail the link; if another account has verified the address, mail a notice to its owner instead.

    This is a deferred task, because the time of a response would reveal whether the address has an account.
    """
    try:
        link = links.find(token)
    except links.LinkExpired:
        return
    holder = people.find_by_verified_email(link.email)
    if holder is None or holder == link.user:
        mail.send(link.email, "email_change", {"link": links.url(token)}, asked=asked, mail_id=mail_id)
    elif holder.email:
        mail.send(holder.email, "email_taken", {}, asked=asked, mail_id=mail_id)


def check_owner(link: MailedLink, user: User) -> None:
    """Raises LinkOfAnother: a link changes only the address of the account that requested it."""
    if link.user_id != user.pk:
        raise LinkOfAnother


def change(link: MailedLink, user: User, *, keep_session: str | None) -> None:
    """Give the account the link's address. Raises LinkOfAnother, LinkExpired and EmailTaken; then nothing is changed.

    ``keep_session`` is the key of the person's current session, the only one that stays.
    """
    check_owner(link, user)
    try:
        with transaction.atomic():
            user = _lock(user)
            links.use(link)
            before, was_verified = user.email, user.email_verified
            user.email, user.email_verified = link.email, True
            user.save(update_fields=["email", "email_verified"])
            record(Event.EMAIL_CHANGED, person=user, personal={"before": before, "after": link.email})
            # This expires password links too: there may be one in the old mailbox.
            revoke_others(user, keep=keep_session, reason=SessionRevocationReason.EMAIL_CHANGED)
            if before and was_verified:
                mail.send(before, "email_changed", {})
    except IntegrityError as taken:
        record(Event.EMAIL_CHANGE_REFUSED, person=user, reason="email_of_another_account")
        raise EmailTaken from taken


def disown(link: MailedLink, *, keep_session: str | None) -> Disowned:
    """Cancel a change that the reader of the old address did not request, and revoke the sessions: one requested it.

    A change that has happened stays, because the reader of the old mailbox need not be the owner. Raises LinkExpired.
    """
    assert link.user is not None  # noqa: S101  # such links are made for accounts only
    with transaction.atomic():
        user = _lock(link.user)
        links.use(link)
        was_pending = cancel(user, cancellation=CancellationReason.NOT_THEM)
        revoke_others(user, keep=keep_session, reason=SessionRevocationReason.EMAIL_CHANGE_DISOWNED)
    return Disowned(was_pending=was_pending, had_changed=user.canonical_email != link.canonical_email)


def cancel(user: User, *, cancellation: CancellationReason) -> bool:
    """Cancel a pending change, and return whether there was one."""
    reason = cancellation.value if cancellation in OF_THE_ACCOUNT else links.REPLACED
    if not links.expire(user, Purpose.EMAIL_CHANGE, reason=reason):
        return False
    record(Event.EMAIL_CHANGE_CANCELLED, person=user, reason=cancellation.value)
    return True


def _notify_old_email(user: User) -> None:
    """Only a verified address gets a link to cancel the change: an unverified one may be a stranger's."""
    if not user.email:
        return
    undo = ""
    if user.own_email:
        lifetime = lifetimes.EMAIL_DISOWN_LINK
        undo = links.url(links.make(Purpose.EMAIL_DISOWN, email=user.email, lifetime=lifetime, user=user))
    mail.send(user.email, "email_change_requested", {"link": undo})


def _lock(user: User) -> User:
    return User.objects.select_for_update(no_key=True).get(pk=user.pk)
