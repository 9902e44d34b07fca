"""How the models of libraries appear in the audit trail."""

from audit.declarations import declare, exempt

declare("auth.Group")
declare("auth.Permission")
exempt("contenttypes.ContentType", reason="Migrations derive it from the code.")
exempt("admin.LogEntry", reason="It is the admin's own log of changes that the trail has by itself.")

# allauth's own tables stay empty: identities are ours, addresses are columns of users, tokens go to the vault.
declare("account.EmailAddress", personal={"email"}, person="user_id")
declare("account.EmailConfirmation", secret={"key"})
declare("socialaccount.SocialAccount", personal={"uid", "extra_data"}, person="user_id")
declare("socialaccount.SocialApp", secret={"secret", "key"})
declare("socialaccount.SocialToken", secret={"token", "token_secret"})

# Second factors: secrets, keys and what is left of recovery codes lie in one column; its use is told by events.
declare("mfa.Authenticator", secret={"data"}, ignored={"last_used_at"}, person="user_id")
