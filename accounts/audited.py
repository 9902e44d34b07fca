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
exempt("accounts.UsedProof", reason="It holds digests by which repetitions are known; events tell of each use.")
