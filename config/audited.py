"""How the models of libraries appear in the audit trail."""

from foundation.declarations import Audited, NotAudited

DECLARATIONS = [
    Audited("auth.Group"),
    Audited("auth.Permission"),
    NotAudited("contenttypes.ContentType", reason="Migrations derive it from the code."),
    NotAudited("admin.LogEntry", reason="The admin's own log repeats changes that the trail already has."),
    # allauth's tables stay empty: we have our own identities, addresses are columns of users, tokens are in the vault.
    Audited("account.EmailAddress", personal={"email"}, person="user_id"),
    Audited("account.EmailConfirmation", secret={"key"}),
    Audited("socialaccount.SocialAccount", personal={"uid", "extra_data"}, person="user_id"),
    Audited("socialaccount.SocialApp", secret={"secret", "key"}),
    Audited("socialaccount.SocialToken", secret={"token", "token_secret"}),
    # One column holds the secrets, keys and remaining recovery codes of second factors; events record their use.
    Audited("mfa.Authenticator", secret={"data"}, ignored={"last_used_at"}, person="user_id"),
]
