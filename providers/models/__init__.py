"""The providers' tables: encrypted tokens, revocations, used logout tokens, refused identities, upstream issuers."""

from providers.models.logout_token import SeenLogoutToken
from providers.models.refused_identity import RefusedIdentity
from providers.models.upstream_issuer import UpstreamIssuer
from providers.models.upstream_revocation import RevocationState, UpstreamRevocation
from providers.models.upstream_tokens import TokenHealth, UpstreamTokens

__all__ = [
    "RefusedIdentity",
    "RevocationState",
    "SeenLogoutToken",
    "TokenHealth",
    "UpstreamIssuer",
    "UpstreamRevocation",
    "UpstreamTokens",
]
