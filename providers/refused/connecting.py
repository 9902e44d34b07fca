"""Connecting a refused identity to the account with the same email address, by an administrator only (ADR 37).

The address proves nothing here either. An administrator who has made sure who the person is decides it. The checks
below limit what that decision can do: one recent refusal, at a provider that the account already uses, once.
"""

from uuid import UUID

from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.mailing import mail
from accounts.models import Identity, User
from accounts.organizations import delegation
from accounts.sessions import SessionRevocationReason
from accounts.sessions.revocation import revoke_all_sessions
from accounts.sign_in.provider_names import name_of
from audit.context import acting
from audit.events import Event, record
from audit.models import Entry
from audit.reading.filters import of_reference
from providers.identity import ExternalIdentity
from providers.linking import connect
from providers.models import RefusedIdentity
from providers.refusal import RefusalReason

LONGEST_REASON = 500  # characters


class Obstacle(models.TextChoices):
    """Why an identity cannot be connected to an account. The labels are for administrators."""

    USED = "used", _("This was done already. A refusal can be used once.")
    GONE = (
        "gone",
        _("What came is not kept any more: the identity was refused again since, was connected, or 30 days are over."),
    )
    NO_CLASH = "no_clash", _("It was refused for another reason than the address of an account.")
    CONNECTED = "connected", _("The identity leads to an account by now.")
    ACCOUNT_GONE = "account_gone", _("The account is gone.")
    ACCOUNT_DEACTIVATED = "account_deactivated", _("The account is closed. Open it first, if it should be.")
    EMAIL_MOVED = "email_moved", _("The account does not have this verified address to itself any more.")
    OTHER_PROVIDER = (
        "other_provider",
        _(
            "The account has no sign-in method at this provider, so nothing was made anew there. The person signs in "
            "as before and connects it."
        ),
    )
    OWN_ACCOUNT = "own_account", _("It is your own account. Sign in and connect the identity there yourself.")
    NOT_YOURS = "not_yours", _("This account is above you, or belongs to another tenant too.")


class ConnectRefused(Exception):
    """An identity was not connected to an account. Nothing was changed."""

    def __init__(self, obstacle: Obstacle, *, account: UUID | None = None) -> None:
        super().__init__(obstacle.value)
        self.obstacle = obstacle
        self.account = account


def connect_refused(reference: str, *, by: User, reason: str) -> Identity:
    """Connect the identity that was refused under this reference to the account with its email address.

    This ends all of the person's sessions and unfinished sign-ins. Their second factors stay and are required. The
    account is locked first, as in every act on a person, then the refused identity, so that of two administrators the
    second one is refused. ``by`` must have just reauthenticated. Raises ConnectRefused.
    """
    with acting(reason=reason), transaction.atomic():
        found = RefusedIdentity.objects.filter(reference=reference)
        seen = found.first()
        account = _lock(seen.account) if seen and seen.account else None
        row = found.select_for_update().first()
        if obstacle := obstacle_to(row, account, reference=reference, by=by):
            raise ConnectRefused(obstacle, account=account.pk if account else None)
        assert row is not None  # noqa: S101  # without a row, or an account, there is an obstacle
        assert account is not None  # noqa: S101
        revoke_all_sessions([account.pk], reason=SessionRevocationReason.IDENTITY_CONNECTED)
        identity = _connected(row, account)
        _record(identity, account, reference)
    return identity


def obstacle_to(row: RefusedIdentity | None, account: User | None, *, reference: str, by: User) -> Obstacle | None:
    """Return what prevents the connection, if anything. The page calls this too; only the call under locks decides."""
    if row is None:
        return Obstacle.USED if connection_entry(reference) else Obstacle.GONE
    if row.expires_at <= timezone.now():
        return Obstacle.GONE
    if row.reason != RefusalReason.EMAIL_OF_ANOTHER_ACCOUNT or not row.email_verified or not row.canonical_email:
        return Obstacle.NO_CLASH
    if Identity.objects.filter(issuer=row.issuer, subject=row.subject).exists():
        return Obstacle.CONNECTED
    if account is None or account.pk != row.account:
        return Obstacle.ACCOUNT_GONE
    return _obstacle_at(account, row, by)


def may_help(by: User, account: User) -> bool:
    """Return whether an administrator may see identities refused for this account, and connect them to it.

    A tenant's administrator needs the permission to change memberships, and may help only accounts that belong to no
    other tenant (ADR 12).
    """
    return by.has_perm("accounts.change_membership") and delegation.is_theirs_alone(by, account)


def connection_entry(reference: str) -> Entry | None:
    """Return the entry that records who connected the identity of this refusal, and to which account."""
    return Entry.objects.filter(of_reference(reference), action=Event.REFUSED_IDENTITY_LINKED).order_by("-id").first()


def _obstacle_at(account: User, row: RefusedIdentity, by: User) -> Obstacle | None:
    if account.pk == by.pk:
        return Obstacle.OWN_ACCOUNT
    if not may_help(by, account):
        return Obstacle.NOT_YOURS
    if not account.is_active:
        return Obstacle.ACCOUNT_DEACTIVATED
    if account.own_email != row.canonical_email:
        return Obstacle.EMAIL_MOVED
    if not account.identities.filter(provider=row.provider).exists():
        return Obstacle.OTHER_PROVIDER
    return None


def _lock(person: UUID) -> User | None:
    return User.objects.select_for_update(no_key=True).filter(pk=person).first()


def _connected(row: RefusedIdentity, account: User) -> Identity:
    """Connect the identity with its stored values. Raises ConnectRefused if it is connected elsewhere concurrently."""
    external = ExternalIdentity(
        provider=row.provider,
        issuer=row.issuer,
        subject=row.subject,
        email=row.email,
        email_verified=row.email_verified,
        name=row.name,
        claims=row.claims,
    )
    try:
        with transaction.atomic():
            return connect(external, account)
    except IntegrityError:
        raise ConnectRefused(Obstacle.CONNECTED, account=account.pk) from None


def _record(identity: Identity, account: User, reference: str) -> None:
    """Record it, and notify the owner at their account's email address, never at one that came with the identity."""
    mailed = mail.is_configured() and bool(account.email)
    record(
        Event.REFUSED_IDENTITY_LINKED,
        person=account,
        object=identity,
        provider=identity.provider,
        issuer=identity.issuer,
        reference=reference,
        mailed=mailed,
    )
    if mailed:
        mail.send(str(account.email), "identity_connected", {"provider": name_of(identity.provider)})
