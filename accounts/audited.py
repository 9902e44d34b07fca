"""How accounts appear in the audit trail."""

from audit.declarations import declare, exempt

declare("accounts.User", secret={"password"}, personal={"username", "name", "email"}, person="id")
declare("accounts.Identity", personal={"subject", "email", "name", "claims"}, person="user_id")
exempt("accounts.MailedLink", reason="Events tell what was asked for and what came of it; the row is only how we know.")
exempt("accounts.Session", reason="Events tell when a session begins and ends; its row changes with every visit.")
declare("accounts.Tenant", tenant="id")
declare("accounts.Role")
declare("accounts.Membership", person="user_id")
declare("accounts.ClaimRule")
declare("accounts.Invitation", secret={"digest"}, personal={"email"}, person="accepted_by_id")
exempt(
    "accounts.BulkAction",
    reason="Each change that it makes has its own entry under its id; events tell of its start and its end.",
)
