"""What the end of a session ends: what clients got in it, unless the person has given them access while away."""

from typing import Any

from django.dispatch import receiver

from accounts.sessions.client_sid import EndedSession, client_sessions_ended
from authserver import scopes
from foundation.rows import change

SESSION_ENDED = "session_ended"

# In this order: a code that is being redeemed at this moment is waited for, and its family is seen afterwards.
DELETE_CODES = "DELETE FROM authserver_authorizationcode WHERE sid = ANY (%(sids)s) AND used_at IS NULL"
DELETE_DEVICE_CODES = """
    DELETE FROM authserver_devicecode
    WHERE sid = ANY (%(sids)s) AND sid <> '' AND used_at IS NULL AND NOT (%(offline)s = ANY (scopes))
"""
REVOKE_FAMILIES = """
    UPDATE authserver_tokenfamily SET revoked_at = statement_timestamp(), revoked_reason = %(reason)s
    WHERE sid = ANY (%(sids)s) AND sid <> '' AND revoked_at IS NULL AND NOT (%(offline)s = ANY (scopes))
"""
ENQUEUE = """
    INSERT INTO authserver_logoutnotice (id, client_id, tenant_id, subject, sid)
    SELECT gen_random_uuid(), f.client_id, c.tenant_id, f.user_id::text, f.sid
    FROM (
        SELECT DISTINCT client_id, user_id, sid FROM authserver_tokenfamily
        WHERE sid = ANY (%(sids)s) AND sid <> '' AND user_id IS NOT NULL
    ) f CROSS JOIN LATERAL public.client_get(f.client_id) c
    WHERE c.backchannel_logout_uri <> ''
"""


@receiver(client_sessions_ended, dispatch_uid="end what clients got in a session")
def end_what_clients_got(ended: list[EndedSession], **_: Any) -> None:
    """Revoke what hangs on these sessions, and enqueue a notice to each client, in the transaction that ends them.

    Families with ``offline_access`` outlive the session (OpenID Connect Core, section 11; Back-Channel Logout 1.0,
    section 2.7).
    """
    given = {"sids": [one.sid for one in ended], "reason": SESSION_ENDED, "offline": scopes.OFFLINE}
    change(DELETE_CODES, given)
    change(DELETE_DEVICE_CODES, given)
    change(REVOKE_FAMILIES, given)
    change(ENQUEUE, given)
