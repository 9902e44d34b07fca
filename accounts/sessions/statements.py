"""The SQL statements that write session rows, and the generation of session keys."""

import base64
import secrets
from collections.abc import Mapping
from typing import Any

from psycopg.types.json import Jsonb

from accounts.sessions.authentication_event import AuthenticationEvent

KEY_BYTES = 20  # random: with 160 bits, a new key need not be checked for being taken

# Columns that are copied when a sign-in replaces the row of a browser.
OF_THE_BROWSER = (
    "provider", "upstream_sid", "upstream_sessions", "ip_address", "user_agent", "active_tenant", "pinned_tenant",
    "is_remembered", "revalidate_at",
)  # fmt: skip
INSERT = """
    INSERT INTO "accounts_session" AS s ({names}, not_before, idle, ends_at, expire_date)
    SELECT {marks}, given_under, idle, ends_at, least(statement_timestamp() + idle, ends_at) FROM (
        SELECT idle, statement_timestamp() + lifetime AS ends_at, (
            SELECT u.not_before FROM accounts_user u WHERE u.id = %s
        ) AS given_under FROM public.session_limits(%s, %s, %s, %s)
    ) limits {where}
    RETURNING s.ends_at, EXISTS (
        SELECT FROM mfa_authenticator f WHERE f.user_id = s.user_id AND f.type <> 'recovery_codes'
    )
"""
STANDS = "WHERE public.session_stands(%s, %s, %s, %s, %s, %s)"
HAS_FACTOR = "SELECT 1 FROM mfa_authenticator f WHERE f.user_id = %s AND f.type <> 'recovery_codes' LIMIT 1"
REPLACED = f"""
    DELETE FROM "accounts_session" WHERE session_key = %s RETURNING user_id, client_sid, {", ".join(OF_THE_BROWSER)}
"""
UPDATE = """
    UPDATE "accounts_session"
    SET {changes}, expire_date = coalesce(least(statement_timestamp() + idle, ends_at), expire_date)
    WHERE session_key = %s
"""
# If the clock was ahead, the end of a session may be too far in the future; using the session corrects it.
SEEN = """
    UPDATE "accounts_session" SET
        last_seen_at = statement_timestamp(), ip_address = coalesce(%s, ip_address), user_agent = %s,
        expire_date = coalesce(least(statement_timestamp() + idle, ends_at), expire_date),
        ends_at = CASE WHEN ends_at > statement_timestamp() + %s THEN statement_timestamp() + %s ELSE ends_at END
    WHERE session_key = %s AND expire_date > statement_timestamp()
"""


def new_key() -> str:
    return base64.b32encode(secrets.token_bytes(KEY_BYTES)).decode().lower()


def compared(event: AuthenticationEvent) -> list[Any]:
    """Return the arguments of ``session_stands``."""
    return [event.person, event.epoch, event.judged_at, event.identity_id, event.provider, event.upstream_sid]


def adapted(values: Mapping[str, Any]) -> list[Any]:
    """Return column values in the form that the driver accepts."""
    return [Jsonb(value) if isinstance(value, list) else value for value in values.values()]
