"""What the trail holds of the providers' tables."""

from accounts.privacy.registry import belongs
from audit.declarations import exempt

exempt(
    "providers.UpstreamTokens",
    reason="It holds ciphertexts, which change with every sign-in and renewal; events tell when tokens are over.",
)
exempt(
    "providers.Leaving",
    reason="It is an outbox of ciphertexts; the acts that fill it have their events, and so has one that is given up.",
)
exempt(
    "providers.HeardLogout",
    reason="It holds digests by which repetitions are known; a logout token ends sessions, which have their events.",
)
exempt(
    "providers.RefusedIdentity",
    reason="Each refusal has its event, and so has leading one to an account; what came goes after 30 days.",
)
belongs(
    "providers.RefusedIdentity",
    by=["account"],
    by_address="canonical_email",
    left_out=["subject", "name", "claims"],  # an address proves nothing: they may be somebody else's
)
