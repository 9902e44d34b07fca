"""How webhooks appear in the audit trail."""

from foundation.declarations import Audited, NotAudited

DECLARATIONS = [
    Audited(
        "webhooks.Webhook",
        secret={"secret", "former_secret"},
        masked={"url"},  # its path or query may be a key; an event names the host
        ignored={
            "position_txid", "position_id", "position_floor", "failures", "failing_since", "last_failure", "rest_until",
            "last_success_at",
        },
    ),
    NotAudited(
        "webhooks.Delivery",
        reason="It names an entry that was not delivered yet; events tell when one is given up.",
    ),
]  # fmt: skip
