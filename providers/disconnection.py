"""Disconnecting an identity from its account, together with the sessions and roles that depend on it."""

from django.db import transaction

from accounts.mailing import notices
from accounts.mailing.notices import Notice
from accounts.models import Identity, User
from accounts.organizations.claim_rules import applying
from accounts.sessions import SessionRevocationReason, revoke_others
from accounts.sign_in import email_change
from accounts.sign_in.email_change import CancellationReason
from accounts.sign_in.local import passwords
from accounts.sign_in.provider_names import name_of
from audit.events import Event, record
from providers import registry
from providers.refusal import RefusalReason, SignInRefused
from providers.revocation import acts as revocation
from providers.revocation.outbox import TokenRevocationReason as RevokedBecause


def disconnect(identity: Identity, *, keep: str | None) -> None:
    """Disconnect an identity, with its tokens, the roles that claim rules gave it and all sessions except ``keep``.

    ``keep`` is the key of the session in which the person does this. Everything happens in one transaction, so no
    session that came from the identity survives it. Raises SignInRefused with ``RefusalReason.LAST_SIGN_IN_METHOD``
    if the account has no other sign-in method. An identity that is already gone is not an error.
    """
    with transaction.atomic():
        user = _unlink(identity)
        applying.withdraw(identity, registry.sharing_issuer_of(identity), keep=keep)
        revoke_others(user, keep=keep, reason=SessionRevocationReason.IDENTITY_DISCONNECTED)
        notices.notify(user, Notice.IDENTITY_DISCONNECTED, provider=name_of(identity.provider))


def _unlink(identity: Identity) -> User:
    """Delete the identity, if it still exists, and return its account.

    The account's row is locked, so that two disconnections at once cannot remove the last two sign-in methods. A
    sign-in through the identity holds the identity's row and references the account; ``no_key=True`` keeps the two
    from waiting for each other.
    """
    user = User.objects.select_for_update(no_key=True).get(pk=identity.user_id)
    left = set(user.identities.values_list("pk", flat=True))
    if identity.pk not in left:
        return user
    if left == {identity.pk} and not passwords.may_open(user):
        raise SignInRefused(RefusalReason.LAST_SIGN_IN_METHOD, "nothing else opens the account", person=user.pk)
    record(  # before the deletion, which clears the primary key
        Event.IDENTITY_UNLINKED, person=user, object=identity, provider=identity.provider, issuer=identity.issuer
    )
    revocation.revoke_tokens([identity], reason=RevokedBecause.DISCONNECTED)
    identity.delete()
    email_change.cancel(user, cancellation=CancellationReason.IDENTITY_DISCONNECTED)
    return user
