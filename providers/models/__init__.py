"""The providers' tables: connections, upstream issuers, encrypted tokens, revocations, and what was refused or used."""

from providers.models.connection import Connection, ConnectionKind
from providers.models.logout_token import SeenLogoutToken
from providers.models.refused_identity import RefusedIdentity
from providers.models.upstream_issuer import UpstreamIssuer
from providers.models.upstream_revocation import RevocationState, UpstreamRevocation
from providers.models.upstream_tokens import TokenHealth, UpstreamTokens

__all__ = [
    "Connection",
    "ConnectionKind",
    "RefusedIdentity",
    "RevocationState",
    "SeenLogoutToken",
    "TokenHealth",
    "UpstreamIssuer",
    "UpstreamRevocation",
    "UpstreamTokens",
]
