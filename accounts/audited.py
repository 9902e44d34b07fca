"""Which models of the accounts the trail records, and how."""

from foundation.declarations import Audited, NotAudited

DECLARATIONS = [
    Audited(
        "accounts.User",
        secret={"password"},
        personal={"username", "name", "email"},
        ignored={"canonical_email", "sign_in_epoch"},  # both follow from changes that have entries of their own
        person="id",
    ),
    Audited("accounts.Identity", personal={"subject", "email", "name", "claims"}, person="user_id"),
    NotAudited(
        "accounts.MailedLink",
        reason="Events tell what was asked for and what came of it; the row is only how we know.",
    ),
    NotAudited(
        "accounts.MailedCode",
        reason="Events tell when one was mailed, used and refused; the row is only how we know.",
    ),
    NotAudited(
        "accounts.Session", reason="Events tell when a session begins and ends; its row changes with every visit."
    ),
    NotAudited("accounts.UpstreamLogout", reason="It is a message of a provider's; events tell what it ended here."),
    Audited("accounts.Tenant", tenant="id"),
    Audited("accounts.Role"),
    Audited("accounts.Membership", person="user_id"),
    Audited("accounts.ClaimRule"),
    Audited("accounts.Domain", ignored={"checked_at", "finding", "next_check_at"}),  # a check each day is no change
    Audited("accounts.CutOff", personal={"reason"}, person="user_id"),
    Audited(
        "accounts.Invitation",
        secret={"digest"},
        personal={"email"},
        ignored={"canonical_email"},
        person="accepted_by_id",
    ),
    NotAudited(
        "accounts.BulkAction",
        reason="Each change that it makes has its own entry under its id; events tell of its start and its end.",
    ),
    NotAudited(
        "accounts.UsedProof", reason="It holds digests by which repetitions are known; events tell of each use."
    ),
]
