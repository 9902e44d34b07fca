"""Changing the address of an account: asked for inside, confirmed by a link, undone from the old address.

The account's row is locked first in each of these, so that of several acts at once each sees the other's end.
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

BY_CLIENT = Limit(kind="address_changes.client", most=20, seconds=3600)
BY_ACCOUNT = Limit(kind="address_changes.account", most=5, seconds=3600)
TO_EMAIL = Limit(kind="address_changes.address", most=5, seconds=3600)


class CancellationReason(StrEnum):
    """Why a change that was asked for will not happen."""

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
    """It is the account's own address already."""


class LinkOfAnother(Exception):
    """The link is another account's."""


@dataclass(frozen=True, kw_only=True)
class Pending:
    """A change that waits for its link to be used."""

    email: str
    requested_at: datetime
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Disowned:
    """What came of saying that it was not them."""

    was_pending: bool
    had_changed: bool


def pending(user: User) -> Pending | None:
    link = user.mailed_links.live().filter(purpose=Purpose.ADDRESS_CHANGE).order_by("-pk").first()
    return Pending(email=link.address, requested_at=link.created_at, expires_at=link.expires_at) if link else None


def request_change(user: User, email: str) -> None:
    """Ask for another address, instead of whatever was asked for before; mail a link to it, and tell the old one.

    Whether somebody else has the address changes nothing here: a worker finds that out. Raises mail.NotSetUp,
    OwnAddress and rate_limits.TooOften, and then nothing is written.
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
        token = links.make(Purpose.ADDRESS_CHANGE, email=email, lifetime=lifetimes.EMAIL_CHANGE_LINK, user=user)
        record(Event.EMAIL_CHANGE_REQUESTED, person=user, personal={"address": email})
        _notify_old_email(user)
        defer(notify_new_email, token=token, asked=mail.request_facts(), mail_id=mail.new_id())


@deferred_task("new_address")
def notify_new_email(*, token: str, asked: RequestFacts, mail_id: str) -> None:
    """Mail the link, or, where the address has an account, tell that account's owner. An errand.

    Not in the request, whose answer would be slower or faster for an address that has one.
    """
    try:
        link = links.find(token)
        holder = people.find_by_verified_email(link.address)
    except (links.LinkExpired, people.EmailInDispute):
        return
    if holder is None or holder == link.user:
        mail.send(link.address, "email_change", {"link": links.url(token)}, asked=asked, mail_id=mail_id)
    elif holder.email:
        mail.send(holder.email, "email_taken", {}, asked=asked, mail_id=mail_id)


def check_owner(link: MailedLink, user: User) -> None:
    """Raises LinkOfAnother: a link changes the address of the account that asked for it, and of no other."""
    if link.user_id != user.pk:
        raise LinkOfAnother


def change(link: MailedLink, user: User, *, keep_session: str | None) -> None:
    """Make a link's address the account's. Raises LinkOfAnother, LinkExpired and EmailTaken: nothing is changed then.

    ``keep_session`` is the key of the session that stays, in which the person does it.
    """
    check_owner(link, user)
    try:
        with transaction.atomic():
            user = _lock(user)
            links.use(link)
            before, was_verified = user.email, user.email_verified
            user.email, user.email_verified = link.address, True
            user.save(update_fields=["email", "email_verified"])
            record(Event.EMAIL_CHANGED, person=user, personal={"before": before, "after": link.address})
            # Password links end too: the old mailbox may hold one.
            revoke_others(user, keep=keep_session, reason=SessionRevocationReason.EMAIL_CHANGED)
            if before and was_verified:
                mail.send(before, "email_changed", {})
    except IntegrityError as taken:
        record(Event.EMAIL_CHANGE_REFUSED, person=user, reason="email_of_another_account")
        raise EmailTaken from taken


def disown(link: MailedLink, *, keep_session: str | None) -> Disowned:
    """Somebody at the old address did not ask for a change: end it, and the sessions from one of which it came.

    A change that has happened stays: whoever still has the old mailbox is not surely the owner. Raises LinkExpired.
    """
    assert link.user is not None  # noqa: S101  # such links are made for accounts only
    with transaction.atomic():
        user = _lock(link.user)
        links.use(link)
        was_pending = cancel(user, cancellation=CancellationReason.NOT_THEM)
        revoke_others(user, keep=keep_session, reason=SessionRevocationReason.EMAIL_CHANGE_DISOWNED)
    return Disowned(was_pending=was_pending, had_changed=user.canonical_email != link.canonical_address)


def cancel(user: User, *, cancellation: CancellationReason) -> bool:
    """End a change that waits, if there is one, and say whether there was."""
    reason = cancellation.value if cancellation in OF_THE_ACCOUNT else links.REPLACED
    if not links.expire(user, Purpose.ADDRESS_CHANGE, reason=reason):
        return False
    record(Event.EMAIL_CHANGE_CANCELLED, person=user, reason=cancellation.value)
    return True


def _notify_old_email(user: User) -> None:
    """Only a verified address may undo anything: any other may be a stranger's."""
    if not user.email:
        return
    undo = ""
    if user.own_email:
        lifetime = lifetimes.EMAIL_DISOWN_LINK
        undo = links.url(links.make(Purpose.ADDRESS_DISOWN, email=user.email, lifetime=lifetime, user=user))
    mail.send(user.email, "email_change_requested", {"link": undo})


def _lock(user: User) -> User:
    return User.objects.select_for_update(no_key=True).get(pk=user.pk)
