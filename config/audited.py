"""How the models of libraries appear in the audit trail."""

from foundation.declarations import Audited, NotAudited

DECLARATIONS = [
    Audited("auth.Group"),
    Audited("auth.Permission"),
    NotAudited("contenttypes.ContentType", reason="Migrations derive it from the code."),
    NotAudited("admin.LogEntry", reason="It is the admin's own log of changes that the trail has by itself."),
    # allauth's own tables stay empty: identities are ours, addresses are columns of users, tokens go to the vault.
    Audited("account.EmailAddress", personal={"email"}, person="user_id"),
    Audited("account.EmailConfirmation", secret={"key"}),
    Audited("socialaccount.SocialAccount", personal={"uid", "extra_data"}, person="user_id"),
    Audited("socialaccount.SocialApp", secret={"secret", "key"}),
    Audited("socialaccount.SocialToken", secret={"token", "token_secret"}),
    # Second factors: secrets, keys and what is left of recovery codes lie in one column; its use is told by events.
    Audited("mfa.Authenticator", secret={"data"}, ignored={"last_used_at"}, person="user_id"),
]
