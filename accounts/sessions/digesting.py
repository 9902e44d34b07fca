"""Replace the keys of session rows that older code stored in plain text by their digests (ADR 34)."""

import time

from accounts.models.session import DIGITS
from foundation.rows import change

SLICE = 1000  # rows that one statement locks
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
    """Digest stored keys for up to ``seconds``, each slice in its own statement, and return how many.

    A partial index finds the rows that are left. Rows used within 15 minutes are skipped: current code digests the
    rows that it reads, so older code is still using them.
    """
    deadline, done = time.monotonic() + seconds, 0
    while time.monotonic() < deadline:
        found = change(DIGEST, [])
        done += found
        if not found:
            break
    return done
