"""The claims that have a meaning of their own: no client and no administrator can set them (CVE-2026-97367)."""

RESERVED = frozenset(
    {
        "iss", "sub", "aud", "exp", "nbf", "iat", "jti", "azp", "nonce", "at_hash", "c_hash", "s_hash", "auth_time",
        "acr", "amr", "sid", "scope", "scp", "client_id", "cnf", "act", "may_act", "events", "typ", "family",
        "client_epoch", "email", "email_verified", "name", "role", "roles", "groups", "entitlements", "tenant_id",
        "organization_ids", "org_role", "authorization_details", "token_type", "active", "username",
    }
)  # fmt: skip
