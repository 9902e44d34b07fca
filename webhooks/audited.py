"""How webhooks appear in the audit trail."""

from foundation.declarations import Audited, NotAudited
from jobs.retry import HEALTH

DECLARATIONS = [
    Audited(
        "webhooks.Webhook",
        secret={"secret", "former_secret"},
        masked={"url"},  # its path or query may contain a secret; an event names the host
        ignored={"position_txid", "position_id", "position_floor", *HEALTH, "last_failure", "last_success_at"},
    ),
    NotAudited(
        "webhooks.Delivery",
        reason="It refers to an entry that is not delivered yet; an event records when it is given up.",
    ),
]
