"""How the providers' tables appear in the audit trail: by events alone."""

from foundation.declarations import NotAudited

DECLARATIONS = [
    NotAudited(
        "providers.UpstreamTokens",
        reason="It holds ciphertexts, which change with every sign-in and renewal; events tell when tokens are over.",
    ),
    NotAudited(
        "providers.Leaving",
        reason="It is an outbox of ciphertexts; the acts that fill it have their events, and so has one given up.",
    ),
    NotAudited(
        "providers.HeardLogout",
        reason="It holds digests by which repetitions are known; a logout token ends sessions, which have events.",
    ),
    NotAudited(
        "providers.RefusedIdentity",
        reason="Each refusal has its event, and so has leading one to an account; what came goes after 30 days.",
    ),
]
