"""Proofs that work only once. Their use is stored in PostgreSQL, not in Redis.

Redis may lose everything, and whoever can write to it can delete a key: then a used proof would work again (ADR 30).
"""

import hashlib
from datetime import timedelta
from typing import Any

from django.utils import timezone

from foundation.rows import change

USE = 'INSERT INTO "accounts_usedproof" (digest, expires_at) VALUES (%s, %s) ON CONFLICT (digest) DO NOTHING'


def use(kind: str, *proof: object, remembered_for: timedelta) -> bool:
    """Mark a proof as used, and return whether this is the first use, over all processes.

    ``remembered_for`` must be longer than the proof could be valid. Of two concurrent uses, the second waits for the
    transaction of the first: if that is rolled back, the proof was not used.
    """
    digest = hashlib.sha256("\n".join(map(str, (kind, *proof))).encode()).hexdigest()
    given: list[Any] = [digest, timezone.now() + remembered_for]
    return bool(change(USE, given))
