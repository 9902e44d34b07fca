"""What the trail holds of the providers' tables."""

from audit.declarations import exempt

exempt(
    "providers.UpstreamTokens",
    reason="It holds ciphertexts, which change with every sign-in and renewal; events tell when tokens are over.",
)
