"""The rows of the providers' tables that expire."""

from datetime import timedelta
from typing import Any

from django.conf import settings

from audit.events import Event
from foundation.clocks import LEEWAY
from foundation.declarations import Purgeable, PurgeCondition
from jobs.retry import IS_LEASED
from providers.vault.in_use import IN_USE
from providers.vault.rows import LEASE

# The tokens of a session at a provider are kept while a session of ours follows it, or a worker is refreshing them. For
# providers in OFFLINE_ACCESS, so is the one pair of each identity that `vault.get_token` would return (ADR 40). Both
# conditions are scalar subqueries, so that no query plan turns them into a join with all sessions.
IS_WANTED = f"""
    {IS_LEASED}
    OR (
        SELECT EXISTS (
            SELECT FROM accounts_session s WHERE s.expire_date > statement_timestamp() - %(leeway)s AND {IN_USE}
        ) OR t.provider = ANY (%(offline)s) AND NOT EXISTS (
            SELECT FROM providers_upstreamtokens other
            WHERE other.identity_id = t.identity_id AND other.provider = t.provider
                AND (other.health <> 'dead', other.given_at, other.id) > (t.health <> 'dead', t.given_at, t.id)
        )
        FROM accounts_identity i WHERE i.id = t.identity_id
    )
"""  # constants only, no input


def _given() -> dict[str, Any]:
    return {**LEASE.given(), "leeway": LEEWAY, "offline": sorted(settings.OFFLINE_ACCESS)}


DECLARATIONS = [
    Purgeable("providers.UpstreamRevocation", column="expires_at", event=Event.UPSTREAM_REVOCATION_PURGED),
    Purgeable("providers.SeenLogoutToken", column="expires_at", event=Event.LOGOUT_TOKEN_PURGED),
    Purgeable("providers.RefusedIdentity", column="expires_at", event=Event.REFUSED_IDENTITY_PURGED),
    Purgeable(
        "providers.UpstreamTokens",
        column="given_at",
        event=Event.UPSTREAM_TOKENS_PURGED,
        kept_for=timedelta(days=1),
        longest=timedelta,
        judged=PurgeCondition(among="t.sid <> ''", is_wanted=IS_WANTED, given=_given),
    ),
]
