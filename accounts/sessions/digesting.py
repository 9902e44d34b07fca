"""Sessions that code of before wrote under the key of their browser come under its digest (ADR 34)."""

import time

from accounts.models.session import DIGITS
from foundation.rows import change

SLICE = 1000  # rows that one statement holds
DIGEST = f"""
    WITH left_so AS (
        SELECT session_key FROM "accounts_session"
        WHERE length(session_key) = 32 AND last_seen_at < statement_timestamp() - interval '15 minutes'
        LIMIT {SLICE} FOR UPDATE SKIP LOCKED
    )
    UPDATE "accounts_session" s
    SET session_key = left(encode(sha256(decode(s.session_key, 'escape')), 'hex'), {DIGITS})
    FROM left_so WHERE s.session_key = left_so.session_key
"""


def digest(*, seconds: float) -> int:
    """Bring rows under their digest, by statements of their own, and return how many. An index knows which are left.

    Those used just now are left: code of today digests what it looks at, so it is code of before that uses them.
    """
    deadline, done = time.monotonic() + seconds, 0
    while time.monotonic() < deadline:
        found = change(DIGEST, [])
        done += found
        if not found:
            break
    return done
