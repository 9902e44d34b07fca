"""The progress of revocations, for the check list of a cut-off and for administrators."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from foundation.rows import fetch_all
from providers.models import RevocationState, UpstreamRevocation

BY_PROVIDER = """
    SELECT
        provider, count(*) FILTER (WHERE state = 'waiting'), min(created_at) FILTER (WHERE state = 'waiting'),
        count(*) FILTER (WHERE state = 'given_up'),
        coalesce((array_agg(detail ORDER BY created_at DESC) FILTER (WHERE state <> 'done' AND detail <> ''))[1], '')
    FROM providers_upstreamrevocation WHERE state <> 'done' GROUP BY provider ORDER BY provider
"""


@dataclass(frozen=True, kw_only=True)
class RevocationStatus:
    """The revocations of one provider: how many wait and since when, how many were given up, and the last failure."""

    provider: str
    waiting: int = 0
    since: datetime | None = None
    given_up: int = 0
    detail: str = ""


def revocation_status() -> list[RevocationStatus]:
    """Return the status of providers that have waiting or failed revocations."""
    return [
        RevocationStatus(provider=provider, waiting=waiting, since=since, given_up=given_up, detail=detail)
        for provider, waiting, since, given_up, detail in fetch_all(BY_PROVIDER, [])
    ]


def not_revoked(ids: Iterable[UUID | str]) -> int:
    """Return how many of the rows from ``revoke_tokens`` are not done: they are waiting or were given up."""
    return UpstreamRevocation.objects.filter(pk__in=list(ids)).exclude(state=RevocationState.DONE).count()
