"""Why what was issued to a client does not count any more: the conditions that every check of a token asks in SQL."""

from authserver.models import Client, TokenFamily
from authserver.tokens.refresh_tokens import read
from foundation import lifetimes
from foundation.rows import Rows, fetch_one

CLIENT, FAMILY = Rows(Client, "c"), Rows(TokenFamily, "f")

# The first reason against a client c and, if there is one, a token family f; null if there is none.
WHY_NOT = """
    CASE
        WHEN NOT c.is_active THEN 'client_stopped'
        WHEN f.id IS NULL THEN NULL
        WHEN f.client_id <> c.id THEN 'family_of_another'
        WHEN f.revoked_at IS NOT NULL THEN 'family_revoked'
        WHEN f.expires_at <= statement_timestamp() THEN 'family_over'
        WHEN f.client_not_before IS DISTINCT FROM c.not_before THEN 'client_cut_off'
        WHEN NOT EXISTS (
            SELECT FROM accounts_user u
            WHERE u.id = f.user_id AND u.is_active AND u.not_before IS NOT DISTINCT FROM f.not_before
        ) THEN 'account_cut_off'
        WHEN f.consent_id IS NOT NULL AND NOT EXISTS (
            SELECT FROM authserver_consent a WHERE a.id = f.consent_id AND a.withdrawn_at IS NULL
        ) THEN 'consent_withdrawn'
    END
"""
READ_REFRESHABLE = f"""
    SELECT {FAMILY.columns}
    FROM public.client_get(%(client)s) c JOIN authserver_tokenfamily f ON f.id = %(family)s
    WHERE f.generation = %(generation)s AND f.is_refreshable AND f.rotated_at > statement_timestamp() - %(unused)s
        AND ({WHY_NOT}) IS NULL
"""


def find_refreshable(client: Client, text: str) -> TokenFamily | None:
    """Return the family of a refresh token of this client that could be used now, without using it."""
    token = read(text)
    if token is None:
        return None
    given = {
        "client": client.pk,
        "family": token.family,
        "generation": token.generation,
        "unused": lifetimes.REFRESH_UNUSED,
    }
    row = fetch_one(READ_REFRESHABLE, given)
    return FAMILY.read(row) if row else None
