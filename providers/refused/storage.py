"""Keeping what came with an identity that was refused, for those who are asked why (ADR 37)."""

from django.utils import timezone

from accounts.models import Identity
from foundation import lifetimes
from foundation.canonical_email import canonical_or_none
from providers.identity import ExternalIdentity
from providers.models import RefusedIdentity
from providers.refusal import SignInRefused


def store(refused: SignInRefused, came: ExternalIdentity) -> Identity | RefusedIdentity:
    """Return the row that tells what came: the identity where it is connected, else one that is kept for 30 days.

    One row for each identity, however often it is refused: a stranger who repeats it fills no table. Ask a limit
    before (ADR 31).
    """
    connected = Identity.objects.filter(issuer=came.issuer, subject=came.subject).first()
    if connected is not None:
        return connected
    now = timezone.now()
    told = {
        "provider": came.provider,
        "email": came.email,
        "canonical_email": canonical_or_none(came.email),
        "email_verified": came.email_verified,
        "name": came.name,
        "claims": dict(came.claims),
        "reason": refused.reason.value,
        "reference": refused.reference,
        "account": refused.person,
        "refused_at": now,
        "expires_at": now + lifetimes.REFUSED_IDENTITY,
    }
    row, _ = RefusedIdentity.objects.update_or_create(issuer=came.issuer, subject=came.subject, defaults=told)
    return row


def delete(issuer: str, subject: str) -> None:
    """Remove what was kept of an identity that is being connected. Call it before: whoever leads it holds the row."""
    RefusedIdentity.objects.filter(issuer=issuer, subject=subject).delete()
