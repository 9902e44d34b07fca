"""Changing the address of an account: asked for inside, confirmed by a link, undone from the old address.

The account's row is locked first in each of these, so that of several acts at once each sees the other's end.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.db import IntegrityError, transaction

from accounts.mailing import links, mail
from accounts.mailing.mail import Asked
from accounts.models import MailedLink, Purpose, User
from accounts.sessions import Because, end_others
from accounts.sign_in import people, rate_limits
from accounts.sign_in.rate_limits import Limit
from audit.events import Event, record
from foundation import lifetimes
from foundation.canonical_email import canonical
from jobs.deferred import errand, later

BY_CLIENT = Limit(kind="address_changes.client", most=20, seconds=3600)
BY_ACCOUNT = Limit(kind="address_changes.account", most=5, seconds=3600)
TO_ADDRESS = Limit(kind="address_changes.address", most=5, seconds=3600)


class Cancelled(StrEnum):
    """Why a change that was asked for will not happen."""

    OWNER = "owner"
    NEWER_ASKED = "newer_requested"
    NOT_THEM = "not_them"
    IDENTITY_CONNECTED = "identity_connected"
    IDENTITY_DISCONNECTED = "identity_disconnected"
    PASSWORD_RESET = "password_reset"  # noqa: S105  # a reason


OF_THE_ACCOUNT = (Cancelled.IDENTITY_CONNECTED, Cancelled.IDENTITY_DISCONNECTED, Cancelled.PASSWORD_RESET)


class AddressTaken(Exception):
    """Another account has verified this address."""


class OwnAddress(Exception):
    """It is the account's own address already."""


class LinkOfAnother(Exception):
    """The link is another account's."""


@dataclass(frozen=True, kw_only=True)
class Pending:
    """A change that waits for its link to be used."""

    address: str
    asked_at: datetime
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Disowned:
    """What came of saying that it was not them."""

    was_pending: bool
    had_changed: bool


def pending(user: User) -> Pending | None:
    link = user.mailed_links.live().filter(purpose=Purpose.ADDRESS_CHANGE).order_by("-pk").first()
    return Pending(address=link.address, asked_at=link.created_at, expires_at=link.expires_at) if link else None


def ask(user: User, address: str) -> None:
    """Ask for another address, instead of whatever was asked for before; mail a link to it, and tell the old one.

    Whether somebody else has the address changes nothing here: a worker finds that out. Raises mail.NotSetUp,
    OwnAddress and rate_limits.TooOften, and then nothing is written.
    """
    if not mail.is_set_up():
        raise mail.NotSetUp
    if canonical(address) == user.own_address:
        raise OwnAddress
    for limit, key in ((BY_CLIENT, ""), (BY_ACCOUNT, str(user.pk)), (TO_ADDRESS, canonical(address))):
        rate_limits.check(limit, key)
    with transaction.atomic():
        user = _locked(user)
        cancel(user, because=Cancelled.NEWER_ASKED)
        token = links.make(Purpose.ADDRESS_CHANGE, address=address, lifetime=lifetimes.EMAIL_CHANGE_LINK, user=user)
        record(Event.EMAIL_CHANGE_REQUESTED, person=user, personal={"address": address})
        _tell_old_address(user)
        later(tell_new_address, token=token, asked=mail.asked_now(), mail_id=mail.new_id())


@errand("new_address")
def tell_new_address(*, token: str, asked: Asked, mail_id: str) -> None:
    """Mail the link, or, where the address has an account, tell that account's owner. An errand.

    Not in the request, whose answer would be slower or faster for an address that has one.
    """
    try:
        link = links.find(token)
        holder = people.who_verified(link.address)
    except (links.LinkDead, people.AddressInDispute):
        return
    if holder is None or holder == link.user:
        mail.send(link.address, "address_change", {"link": links.url(token)}, asked=asked, mail_id=mail_id)
    elif holder.email:
        mail.send(holder.email, "address_taken", {}, asked=asked, mail_id=mail_id)


def check_owner(link: MailedLink, user: User) -> None:
    """Raises LinkOfAnother: a link changes the address of the account that asked for it, and of no other."""
    if link.user_id != user.pk:
        raise LinkOfAnother


def change(link: MailedLink, user: User, *, keep_session: str | None) -> None:
    """Make a link's address the account's. Raises LinkOfAnother, LinkDead and AddressTaken: nothing is changed then.

    ``keep_session`` is the key of the session that stays, in which the person does it.
    """
    check_owner(link, user)
    try:
        with transaction.atomic():
            user = _locked(user)
            links.use(link)
            before, was_verified = user.email, user.email_verified
            user.email, user.email_verified = link.address, True
            user.save(update_fields=["email", "email_verified"])
            record(Event.EMAIL_CHANGED, person=user, personal={"before": before, "after": link.address})
            # Password links end too: the old mailbox may hold one.
            end_others(user, keep=keep_session, because=Because.ADDRESS_CHANGED)
            if before and was_verified:
                mail.send(before, "address_changed", {})
    except IntegrityError as taken:
        record(Event.EMAIL_CHANGE_REFUSED, person=user, reason="email_of_another_account")
        raise AddressTaken from taken


def disown(link: MailedLink, *, keep_session: str | None) -> Disowned:
    """Somebody at the old address did not ask for a change: end it, and the sessions from one of which it came.

    A change that has happened stays: whoever still has the old mailbox is not surely the owner. Raises LinkDead.
    """
    assert link.user is not None  # noqa: S101  # such links are made for accounts only
    with transaction.atomic():
        user = _locked(link.user)
        links.use(link)
        was_pending = cancel(user, because=Cancelled.NOT_THEM)
        end_others(user, keep=keep_session, because=Because.ADDRESS_CHANGE_DISOWNED)
    return Disowned(was_pending=was_pending, had_changed=user.canonical_email != link.canonical_address)


def cancel(user: User, *, because: Cancelled) -> bool:
    """End a change that waits, if there is one, and say whether there was."""
    reason = because.value if because in OF_THE_ACCOUNT else links.REPLACED
    if not links.drop(user, Purpose.ADDRESS_CHANGE, because=reason):
        return False
    record(Event.EMAIL_CHANGE_CANCELLED, person=user, reason=because.value)
    return True


def _tell_old_address(user: User) -> None:
    """Only a verified address may undo anything: any other may be a stranger's."""
    if not user.email:
        return
    undo = ""
    if user.own_address:
        lifetime = lifetimes.EMAIL_DISOWN_LINK
        undo = links.url(links.make(Purpose.ADDRESS_DISOWN, address=user.email, lifetime=lifetime, user=user))
    mail.send(user.email, "address_change_asked", {"link": undo})


def _locked(user: User) -> User:
    return User.objects.select_for_update(no_key=True).get(pk=user.pk)
