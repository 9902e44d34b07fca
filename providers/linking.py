"""Linking identities to accounts: the one place that decides it, writes it and records it.

An email address never links (nOAuth, pre-hijacking). Only (issuer, subject) does, or a person who is signed in and
asks for it. Decide first, without a write; then write, in one transaction; then record.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import Identity, User
from accounts.models.identity import FoundIdentity
from accounts.sign_in import email_change, people
from accounts.sign_in.email_change import CancellationReason
from audit.context import Actor, ActorKind, acting
from audit.events import Event, record
from foundation.locks import share_until_commit
from providers import profile_sync
from providers.identity import ExternalIdentity
from providers.refusal import RefusalReason, SignInRefused, account_deactivated
from providers.refused.storage import delete
from providers.userinfo import EMAIL, NAME, OF_THE_ADDRESS, OF_THE_NAME


class LinkingDecision(StrEnum):
    SIGN_IN = "sign_in"
    CONNECT = "connect"
    CONFIRM = "confirm"
    ENROL = "enrol"


@dataclass(frozen=True, kw_only=True)
class Linked:
    """The account of an identity, and how it was decided. ``found`` is what was stored, unless the identity is new."""

    user: User
    identity: Identity
    decision: LinkingDecision
    found: FoundIdentity | None = None


def link(
    external: ExternalIdentity,
    *,
    connect_to: User | None = None,
    reauthenticate: bool = False,
    syncs_profile: bool = True,
) -> Linked:
    """Return the account of an identity, linking the identity if necessary. Raises SignInRefused without a write.

    ``connect_to`` is the account of the person who wants to connect it. With ``reauthenticate`` it must be connected
    already. Without ``syncs_profile`` a known account keeps its name and address. Call this in the transaction that
    opens the session. If two callbacks enrol or connect the same identity at once, the database lets one succeed, and
    the other decides again. An identity that is unknown while others move to its issuer may be one of them, so this
    waits for the move (ADR 76).
    """
    found = _find(external)
    if found is None and share_until_commit(issuer_lock(external.issuer)):
        found = _find(external)
    decision = decide(found.identity if found else None, connect_to=connect_to, reauthenticate=reauthenticate)
    try:
        return _act(decision, external, found, connect_to, syncs_profile=syncs_profile)
    except IntegrityError as clash:
        found = _find(external)
        if found is None:
            raise SignInRefused(
                RefusalReason.EMAIL_OF_ANOTHER_ACCOUNT,
                "its verified email address belongs to another account",
                person=_owner_of(external.email),
            ) from clash
        decision = decide(found.identity, connect_to=connect_to, reauthenticate=reauthenticate)
        return _act(decision, external, found, connect_to, syncs_profile=syncs_profile)


def _find(external: ExternalIdentity) -> FoundIdentity | None:
    return Identity.objects.find(external.issuer, external.subject, through=external.provider)


def issuer_lock(issuer: str) -> str:
    """Return the name of the lock that new identities of an issuer share, and that a move of identities takes alone."""
    return f"new identities of {issuer}"


def decide(known: Identity | None, *, connect_to: User | None, reauthenticate: bool) -> LinkingDecision:
    """Decide what to do with an identity. Raises SignInRefused if it must not be accepted."""
    if known is not None and not known.user.is_active:
        raise account_deactivated(known.user_id, "the account is deactivated")
    if connect_to is None:
        return LinkingDecision.SIGN_IN if known else LinkingDecision.ENROL
    if known is None and reauthenticate:
        raise SignInRefused(
            RefusalReason.IDENTITY_NOT_CONNECTED, "this identity is not connected to the account", person=connect_to.pk
        )
    if known is None:
        return LinkingDecision.CONNECT
    if known.user_id != connect_to.pk:
        raise SignInRefused(
            RefusalReason.IDENTITY_OF_ANOTHER_ACCOUNT, "the identity belongs to another account", person=connect_to.pk
        )
    return LinkingDecision.CONFIRM


def _act(
    decision: LinkingDecision,
    external: ExternalIdentity,
    found: FoundIdentity | None,
    connect_to: User | None,
    *,
    syncs_profile: bool,
) -> Linked:
    if found is not None:
        _note_changes(found.identity, external, syncs_profile=syncs_profile)
        return Linked(user=found.identity.user, identity=found.identity, decision=decision, found=found)
    with transaction.atomic():
        if connect_to is None:
            identity = _enrol(external)
        else:
            identity = connect(external, connect_to)
            email_change.cancel(connect_to, cancellation=CancellationReason.IDENTITY_CONNECTED)
    return Linked(user=identity.user, identity=identity, decision=decision)


def _enrol(external: ExternalIdentity) -> Identity:
    """Open an account. It reserves a verified email address; an unverified one only serves as a contact."""
    user = User(name=external.name, email=external.email or None, email_verified=external.email_verified)
    user.set_unusable_password()
    user.has_second_factor = False
    with acting(actor=Actor(ActorKind.PERSON, str(user.pk))):
        user.save(force_insert=True)
        identity = connect(external, user)
        record(Event.ACCOUNT_ENROLLED, person=user, provider=external.provider)
    return identity


def _owner_of(email: str) -> UUID | None:
    """Return the account with this verified address, for administrators only, never for the page of the refusal."""
    owner = people.find_by_verified_email(email)
    return owner.pk if owner else None


def connect(external: ExternalIdentity, user: User) -> Identity:
    """Link an identity to an account and record it. The caller has decided that it may be linked."""
    delete(external.issuer, external.subject)
    identity = Identity.objects.create(
        user=user,
        provider=external.provider,
        issuer=external.issuer,
        subject=external.subject,
        email=external.email,
        email_verified=external.email_verified,
        name=external.name,
        claims=dict(external.claims),
    )
    _record(Event.IDENTITY_LINKED, user, identity)
    return identity


def _note_changes(identity: Identity, external: ExternalIdentity, *, syncs_profile: bool) -> None:
    """Update the stored profile of an identity, which is informational only. Without a change nothing is written."""
    former_name = identity.name
    provided = _provided_claims(external, identity)
    changed = [name for name, value in provided.items() if getattr(identity, name) != value]
    for name in changed:
        setattr(identity, name, provided[name])
    with acting(actor=Actor(ActorKind.PERSON, str(identity.user_id))):
        if changed:
            identity.save(update_fields=changed)
        if syncs_profile:
            profile_sync.sync_profile(identity, former_name=former_name)


def _provided_claims(external: ExternalIdentity, identity: Identity) -> dict[str, Any]:
    """Return the profile provided this time, keeping stored values that could not be fetched (userinfo was down)."""
    provided = {name: getattr(external, name) for name in ("email", "email_verified", "name", "claims")}
    missing: set[str] = set()
    if NAME in external.missing_claims:
        missing |= {"name", *OF_THE_NAME}
    if EMAIL in external.missing_claims:
        missing |= {"email", *OF_THE_ADDRESS}
    if not missing:
        return provided
    kept = {name: value for name, value in identity.claims.items() if name in missing}
    return {name: value for name, value in provided.items() if name not in missing} | {
        "claims": kept | provided["claims"]
    }


def _record(event: Event, user: User, identity: Identity) -> None:
    record(event, person=user, object=identity, provider=identity.provider, issuer=identity.issuer)
