"""Taking an identity away from its account, with the sessions and the roles that came by it."""

from django.db import transaction

from accounts.mailing import notices
from accounts.mailing.notices import Notice
from accounts.models import Identity, User
from accounts.organizations.claim_rules import applying
from accounts.own_account import email_change
from accounts.own_account.email_change import CancellationReason
from accounts.sessions import SessionRevocationReason, revoke_others
from accounts.sign_in.local import passwords
from accounts.sign_in.provider_names import name_of
from audit.events import Event, record
from providers.refusal import RefusalReason, SignInRefused
from providers.revocation import acts as revocation
from providers.revocation.outbox import TokenRevocationReason as RevokedBecause


def disconnect(identity: Identity, *, keep: str | None) -> None:
    """Disconnect an identity: its tokens, what its provider's rules gave, and all sessions but ``keep`` end with it.

    ``keep`` is the key of the session in which the person does it. In one transaction: whoever came in by the
    identity leaves with it, or nothing happens. Raises SignInRefused with Reason.LAST_WAY_IN where nothing else opens
    the account. One that is gone already stays gone.
    """
    with transaction.atomic():
        user = _unlink(identity)
        applying.withdraw(identity, keep=keep)
        revoke_others(user, keep=keep, reason=SessionRevocationReason.IDENTITY_DISCONNECTED)
        notices.notify(user, Notice.IDENTITY_DISCONNECTED, provider=name_of(identity.provider))


def _unlink(identity: Identity) -> User:
    """Delete the row, if it is still there, and return its account.

    The account's row is locked, so that two of these at once cannot take the last two. A sign-in through the
    identity holds that one's row and refers to the account, hence the weaker lock: the two must not wait for
    each other.
    """
    user = User.objects.select_for_update(no_key=True).get(pk=identity.user_id)
    left = set(user.identities.values_list("pk", flat=True))
    if identity.pk not in left:
        return user
    if left == {identity.pk} and not passwords.may_open(user):
        raise SignInRefused(RefusalReason.LAST_SIGN_IN_METHOD, "nothing else opens the account", person=user.pk)
    record(  # first: a deleted row has forgotten its key
        Event.IDENTITY_UNLINKED, person=user, object=identity, provider=identity.provider, issuer=identity.issuer
    )
    revocation.revoke_tokens([identity], reason=RevokedBecause.DISCONNECTED)
    identity.delete()
    email_change.cancel(user, cancellation=CancellationReason.IDENTITY_DISCONNECTED)
    return user
