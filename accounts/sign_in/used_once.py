"""What works once: that it was used stands in PostgreSQL, so that no store that is emptied makes it good again.

Redis cannot say this. It may lose everything, and whoever can write to it can remove one name (ADR 30).
"""

import hashlib
from datetime import timedelta
from typing import Any

from django.utils import timezone

from foundation.rows import change

USE = 'INSERT INTO "accounts_usedproof" (digest, expires_at) VALUES (%s, %s) ON CONFLICT (digest) DO NOTHING'


def use(kind: str, *proof: object, remembered_for: timedelta) -> bool:
    """Note that a proof is used, and return whether this is the first time, over all processes.

    ``remembered_for`` must be longer than the proof could count. Of two uses at once, the second waits for what becomes
    of the first: a transaction that is rolled back has used nothing.
    """
    digest = hashlib.sha256("\n".join(map(str, (kind, *proof))).encode()).hexdigest()
    given: list[Any] = [digest, timezone.now() + remembered_for]
    return bool(change(USE, given))
