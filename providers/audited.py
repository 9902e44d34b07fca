"""The providers' tables in the audit trail: what superusers configure appears there, the others through events only."""

from foundation.declarations import Audited, NotAudited

DECLARATIONS = [
    Audited("providers.Connection", secret={"client_secret"}, ignored={"version"}),
    Audited("providers.UpstreamIssuer"),
    NotAudited(
        "providers.UpstreamTokens",
        reason="It holds ciphertexts, which change with every sign-in and refresh; events record when tokens end.",
    ),
    NotAudited(
        "providers.UpstreamRevocation",
        reason="It is an outbox of ciphertexts; events record why a row was added and when a revocation failed.",
    ),
    NotAudited(
        "providers.SeenLogoutToken",
        reason="It holds digests that detect replayed logout tokens; the sessions that a token ends have events.",
    ),
    NotAudited(
        "providers.RefusedIdentity",
        reason="Each refusal has an event, and so has connecting one to an account; rows expire after 30 days.",
    ),
]
