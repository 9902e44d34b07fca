"""How accounts appear in the audit trail."""

from audit.declarations import declare, exempt

declare(
    "accounts.User",
    secret={"password"},
    personal={"username", "name", "email"},
    ignored={"canonical_email", "sign_in_epoch"},  # both follow from what has entries of its own
    person="id",
)
declare("accounts.Identity", personal={"subject", "email", "name", "claims"}, person="user_id")
exempt("accounts.MailedLink", reason="Events tell what was asked for and what came of it; the row is only how we know.")
exempt("accounts.MailedCode", reason="Events tell when one was mailed, used and refused; the row is only how we know.")
exempt("accounts.Session", reason="Events tell when a session begins and ends; its row changes with every visit.")
exempt("accounts.UpstreamEnd", reason="It is a message of a provider's; events tell what it ended here.")
declare("accounts.Tenant", tenant="id")
declare("accounts.Role")
declare("accounts.Membership", person="user_id")
declare("accounts.ClaimRule")
declare("accounts.CutOff", personal={"reason"}, person="user_id")
declare(
    "accounts.Invitation",
    secret={"digest"},
    personal={"email"},
    ignored={"canonical_email"},
    person="accepted_by_id",
)
exempt(
    "accounts.BulkAction",
    reason="Each change that it makes has its own entry under its id; events tell of its start and its end.",
)
declare(
    "accounts.Webhook",
    secret={"secret", "former_secret"},
    masked={"url"},  # its path or query may be a key; an event names the host
    ignored={
        "position_txid", "position_id", "position_floor", "failures", "failing_since", "last_failure", "rest_until",
        "last_success_at",
    },
)  # fmt: skip
exempt("accounts.Errand", reason="It is a message on its way; what it does is told by what it changes, and by events.")
exempt("accounts.Delivery", reason="It names an entry that was not delivered yet; events tell when one is given up.")
exempt("accounts.UsedProof", reason="It holds digests by which repetitions are known; events tell of each use.")
