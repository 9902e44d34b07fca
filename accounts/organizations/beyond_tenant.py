"""Whether an account has anything that one tenant does not control (ADR 73)."""

from uuid import UUID

from accounts.models import User
from accounts.organizations.domains.holding import owns
from accounts.sign_in.provider_names import is_of
from foundation.rows import fetch_one
from tenancy import tenant_context

READ = """
    SELECT
        u.is_superuser OR u.is_staff OR (u.password <> '' AND u.password NOT LIKE '!%%')
            OR EXISTS (SELECT FROM accounts_user_groups g WHERE g.user_id = u.id)
            OR EXISTS (SELECT FROM accounts_user_user_permissions p WHERE p.user_id = u.id)
            OR EXISTS (SELECT FROM mfa_authenticator f WHERE f.user_id = u.id)
            OR EXISTS (SELECT FROM public.tenancy_own(u.id) m WHERE m.tenant_id <> %s),
        CASE WHEN u.email_verified THEN split_part(coalesce(u.canonical_email, ''), '@', 2) ELSE '' END,
        ARRAY(SELECT DISTINCT i.provider::text FROM accounts_identity i WHERE i.user_id = u.id)
    FROM accounts_user u WHERE u.id = %s
"""


def has_anything_beyond(user: User, tenant_id: UUID) -> bool:
    """Whether an account has another membership, rights on the site, or a sign-in method of another owner.

    A verified address counts too, since others may know the person by it, unless the tenant owns its domain: then it
    runs the mailbox. Asked in any context.
    """
    row = fetch_one(READ, [tenant_id, user.pk])
    if row is None or row[0] or not all(is_of(provider, tenant_id) for provider in row[2]):
        return True
    return bool(row[1]) and not _owns(tenant_id, row[1])


def _owns(tenant_id: UUID, domain: str) -> bool:
    with tenant_context(tenant_id):
        return owns(tenant_id, domain)
