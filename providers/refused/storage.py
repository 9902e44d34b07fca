"""Storing identities that were refused, for the administrators who are asked for the reason (ADR 37)."""

from django.utils import timezone

from accounts.models import Identity
from foundation import lifetimes
from foundation.canonical_email import canonical_or_none
from providers.identity import ExternalIdentity
from providers.models import RefusedIdentity
from providers.refusal import SignInRefused


def store(refused: SignInRefused, external: ExternalIdentity) -> Identity | RefusedIdentity:
    """Return the row for an identity: its ``Identity`` if it is connected, otherwise one stored for 30 days.

    There is one row for each identity, however often it is refused, so repetitions do not fill the table. Apply a
    rate limit before calling this (ADR 31).
    """
    connected = Identity.objects.filter(issuer=external.issuer, subject=external.subject).first()
    if connected is not None:
        return connected
    now = timezone.now()
    values = {
        "provider": external.provider,
        "email": external.email,
        "canonical_email": canonical_or_none(external.email),
        "email_verified": external.email_verified,
        "name": external.name,
        "claims": dict(external.claims),
        "reason": refused.reason.value,
        "reference": refused.reference,
        "account": refused.person,
        "refused_at": now,
        "expires_at": now + lifetimes.REFUSED_IDENTITY,
    }
    row, _ = RefusedIdentity.objects.update_or_create(issuer=external.issuer, subject=external.subject, defaults=values)
    return row


def delete(issuer: str, subject: str) -> None:
    """Delete the stored row of an identity that is about to be connected.

    Call this before connecting it: an administrator who connects it has locked this row.
    """
    RefusedIdentity.objects.filter(issuer=issuer, subject=subject).delete()
