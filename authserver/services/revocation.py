"""Revoking the keys of people, and stopping the services that they own, for the cut-off."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from authserver.models import ApiKey, ServiceAccount
from foundation.declarations import RevocationReason, RevocationResult
from foundation.rows import fetch_one
from tenancy import site_context


def revoke_of_people(people: Sequence[UUID], reason: RevocationReason) -> RevocationResult:
    """Revoke the keys of these people, and those of services that they have seen, and stop their services (ADR 55)."""
    with site_context(f"keys and services of people are revoked: {reason.value}"):
        keys = (
            ApiKey.objects.filter(Q(user__in=people) | Q(created_by__in=people))
            .filter(revoked_at=None)
            .update(revoked_at=timezone.now())
        )
        services = ServiceAccount.objects.filter(owner__in=people, is_active=True).update(is_active=False)
    return RevocationResult(count=keys + services)


def count_alive(people: Sequence[UUID]) -> int:
    """Return how many keys and services of these people would still be accepted."""
    row = fetch_one("SELECT public.api_keys_alive(%s)", [list(people)])
    return int(row[0]) if row else 0
