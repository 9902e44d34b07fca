"""What of the providers' tables expires."""

from datetime import timedelta
from typing import Any

from django.conf import settings

from audit.events import Event
from foundation.clocks import LEEWAY
from foundation.declarations import Purgeable, PurgeCondition
from jobs.retry import IS_LEASED
from providers.vault.in_use import IN_USE
from providers.vault.rows import LEASE

# A pair of tokens of a session at a provider is wanted while one of ours follows that, or somebody has it renewed; and
# where tokens shall work without the person, the one of an identity that `vault.get_token` would give out (ADR 40).
# Each question is one of a row: no plan can make a join with all sessions of it.
IS_WANTED = f"""
    {IS_LEASED}
    OR (
        SELECT EXISTS (
            SELECT FROM accounts_session s WHERE s.expire_date > statement_timestamp() - %(leeway)s AND {IN_USE}
        ) OR i.provider = ANY (%(offline)s) AND NOT EXISTS (
            SELECT FROM providers_upstreamtokens other
            WHERE other.identity_id = t.identity_id
                AND (other.health <> 'dead', other.given_at, other.id) > (t.health <> 'dead', t.given_at, t.id)
        )
        FROM accounts_identity i WHERE i.id = t.identity_id
    )
"""  # our own words


def _given() -> dict[str, Any]:
    return {**LEASE.given(), "leeway": LEEWAY, "offline": sorted(settings.OFFLINE_ACCESS)}


DECLARATIONS = [
    Purgeable("providers.Leaving", column="expires_at", event=Event.UPSTREAM_REVOCATION_PURGED),
    Purgeable("providers.HeardLogout", column="expires_at", event=Event.LOGOUT_TOKEN_PURGED),
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
