"""How the auth server's models appear in the audit trail."""

from foundation.declarations import Audited, NotAudited

DECLARATIONS = [
    Audited("authserver.Client"),
    Audited("authserver.ClientSecret", secret={"digest"}, ignored={"last_used_at"}),
    Audited("authserver.RegisteredScope"),
    Audited("authserver.Resource"),
    Audited("authserver.ProtectedHost"),
    Audited("authserver.ProfileClaim"),
    Audited("authserver.ProfileValue", personal={"value"}, person="user_id"),
    Audited("authserver.Consent", person="user_id", ignored={"last_used_at"}),
    Audited("authserver.TokenSigningKey", secret={"private_key"}),
    Audited("authserver.ServiceAccount"),
    Audited("authserver.ApiKey", secret={"digest"}, ignored={"last_used_at"}, person="user_id"),
    Audited("authserver.CertificateIdentity"),
    NotAudited("authserver.AuthorizationCode", reason="Events tell when one was issued, used and used again."),
    NotAudited("authserver.DeviceCode", reason="Events tell of the consent, and of the tokens that came of it."),
    NotAudited("authserver.TokenFamily", reason="Events tell when tokens are issued, refreshed and revoked, and why."),
    NotAudited("authserver.AccessToken", reason="Events tell when tokens are issued and revoked."),
    NotAudited("authserver.LogoutNotice", reason="An event tells of each ended session, and of a notice given up."),
    NotAudited("authserver.RevokedToken", reason="An event tells of each revocation; the row enforces it."),
]
