"""Why what was issued to a client does not count any more: the conditions that every check asks in SQL.

They are written once, so that a code, a refresh and a check of a token never differ about a withdrawn consent. The row
``f`` is a code, a device code or a token family.
"""

from authserver.models import Client, TokenFamily
from authserver.tokens.refresh_tokens import read
from foundation import lifetimes
from foundation.rows import Rows, fetch_one

CLIENT, FAMILY = Rows(Client, "c"), Rows(TokenFamily, "f")

# The first reason against an authorization f of a client whose ``not_before`` is given; null if there is none.
_AUTHORIZATION_OVER = """
    CASE
        WHEN f.client_not_before IS DISTINCT FROM {client_not_before} THEN 'client_cut_off'
        ELSE public.authorization_over(f.user_id, f.not_before, f.consent_id)
    END
"""
# The first reason against a token family f itself.
_FAMILY_OVER = """
    CASE
        WHEN f.revoked_at IS NOT NULL THEN 'family_revoked'
        WHEN f.expires_at <= statement_timestamp() THEN 'family_over'
    END
"""
# For statements that know the authenticated client, with its ``not_before`` as a parameter.
IS_AUTHORIZED = f"({_AUTHORIZATION_OVER.format(client_not_before='%(client_not_before)s')}) IS NULL"
_CAN_REFRESH = "f.is_refreshable AND f.rotated_at > statement_timestamp() - %(unused)s"
CAN_REFRESH = f"{_CAN_REFRESH} AND ({_FAMILY_OVER}) IS NULL AND {IS_AUTHORIZED}"
# Whether the person of f is a member of a tenant now, in any context.
_IS_MEMBER = "EXISTS (SELECT FROM public.tenancy_own(f.user_id) m WHERE m.tenant_id = {tenant})"
# For statements that read a client c and, if there is one, a token family f: the first reason against them, or null.
WHY_NOT = f"""
    CASE
        WHEN NOT c.is_active THEN 'client_stopped'
        WHEN f.id IS NULL THEN NULL
        WHEN f.client_id <> c.id THEN 'family_of_another'
        ELSE coalesce(
            {_FAMILY_OVER}, {_AUTHORIZATION_OVER.format(client_not_before="c.not_before")},
            CASE
                WHEN c.tenant_id IS NOT NULL AND NOT {_IS_MEMBER.format(tenant="c.tenant_id")} THEN 'not_served'
                WHEN f.pinned_tenant IS NOT NULL AND NOT {_IS_MEMBER.format(tenant="f.pinned_tenant")} THEN 'not_served'
            END
        )
    END
"""
# The tenant for which the person had authorized the client, unless they have left it. A tenant's client is for that
# tenant alone, about which WHY_NOT has asked.
TENANT = f"""
    CASE
        WHEN f.tenant_id IS NULL OR f.tenant_id = c.tenant_id THEN f.tenant_id
        WHEN {_IS_MEMBER.format(tenant="f.tenant_id")} THEN f.tenant_id
    END
"""
READ_REFRESHABLE = f"""
    SELECT {FAMILY.columns}
    FROM public.client_get(%(client)s) c JOIN authserver_tokenfamily f ON f.id = %(family)s
    WHERE f.generation = %(generation)s AND {_CAN_REFRESH} AND ({WHY_NOT}) IS NULL
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
