"""Registration of local accounts, whose address is verified before the account exists, and password resets."""

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.mailing import links, mail
from accounts.mailing.mail import RequestFacts
from accounts.models import MailedLink, Purpose, User
from accounts.sessions import SessionRevocationReason, revoke_all_sessions
from accounts.sign_in import people
from accounts.sign_in.email_change import CancellationReason, EmailTaken, cancel
from accounts.sign_in.provider_names import name_of
from audit.context import Actor, ActorKind, acting
from audit.events import Event, record
from foundation import lifetimes
from jobs.deferred import deferred_task


def is_on() -> bool:
    """Whether the site has local accounts for people who are not administrators."""
    return settings.LOCAL_PASSWORDS and settings.LOCAL_ACCOUNTS != "off"


def is_open() -> bool:
    """Whether anybody may open a local account."""
    return is_on() and settings.LOCAL_ACCOUNTS == "open"


def open_local_account(email: str, name: str, password: str | None) -> User:
    """Open an account for a person who has proven to read the mail of this address. Raises EmailTaken.

    Call it in the transaction that uses up that proof. Without a password, the caller must add another sign-in method
    in the same transaction.
    """
    user = User(name=name, name_set_here=bool(name), email=email, email_verified=True)
    user.set_password(password)
    with acting(actor=Actor(ActorKind.PERSON, str(user.pk))):
        try:
            with transaction.atomic():
                user.save(force_insert=True)
        except IntegrityError as taken:
            raise EmailTaken from taken
        record(Event.ACCOUNT_ENROLLED, person=user, provider="")
    return user


@deferred_task("registration")
def answer_registration(*, email: str, asked: RequestFacts, mail_id: str) -> None:
    """Mail the link that opens an account, or a notice that there is one. Deferred as ``notify_new_email`` is."""
    holder = people.find_by_verified_email(email)
    if holder is not None and holder.email:
        mail.send(holder.email, "registered_already", _sign_in_methods(holder), asked=asked, mail_id=mail_id)
        return
    token = links.make(Purpose.REGISTRATION, email=email, lifetime=lifetimes.REGISTRATION_LINK)
    mail.send(email, "registration", {"link": links.url(token)}, asked=asked, mail_id=mail_id)


@deferred_task("forgotten_password")
def answer_password_reset(*, email: str, asked: RequestFacts, mail_id: str) -> None:
    """Mail the link that sets a new password, or a notice that the account has none.

    An unverified address gets no mail, because it may be a stranger's. The mail goes to the address of the account:
    the typed spelling of it may lead to another mailbox (ADR 27).
    """
    holder = people.find_by_verified_email(email)
    if holder is None or not holder.is_active or not holder.email:
        return
    if not holder.has_usable_password():
        mail.send(holder.email, "no_password", _sign_in_methods(holder), asked=asked, mail_id=mail_id)
        return
    lifetime = lifetimes.PASSWORD_RESET_LINK
    token = links.make(Purpose.PASSWORD_RESET, email=holder.email, lifetime=lifetime, user=holder)
    mail.send(holder.email, "password_reset", {"link": links.url(token)}, asked=asked, mail_id=mail_id)


def reset_password(link: MailedLink, password: str) -> User:
    """Set a new password by a link, and revoke everything that an intruder with the old one may have begun.

    Raises LinkExpired.
    """
    assert link.user is not None  # noqa: S101  # such links are made for accounts only
    with transaction.atomic():
        user = User.objects.select_for_update(no_key=True).get(pk=link.user.pk)
        with acting(actor=Actor(ActorKind.PERSON, str(user.pk))):
            links.use(link)
            cancel(user, cancellation=CancellationReason.PASSWORD_RESET)
            user.set_password(password)
            user.save(update_fields=["password"])
            record(Event.PASSWORD_RESET, person=user)
            revoke_all_sessions([user.pk], reason=SessionRevocationReason.PASSWORD_RESET)
            if user.email:
                mail.send(user.email, "password_changed", {})
    return user


def _sign_in_methods(user: User) -> dict[str, object]:
    providers = sorted({name_of(identity.provider) for identity in user.identities.all()})
    return {"providers": providers, "has_password": is_on() and user.has_usable_password()}
