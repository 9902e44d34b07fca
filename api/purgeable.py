"""The tables of the API whose rows expire."""

from api import events
from foundation import lifetimes
from foundation.declarations import Purgeable

DECLARATIONS = [
    Purgeable(
        "api.IdempotentRequest",
        column="expires_at",
        event=events.IDEMPOTENT_REQUEST_PURGED,
        longest=lambda: lifetimes.IDEMPOTENCY_KEY,
    ),
]
