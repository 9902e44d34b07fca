"""Upstream tokens at the API: access tokens of other issuers that superusers have configured (ADR 61)."""

from providers.upstream_tokens.refusals import UpstreamTokenRefusal, UpstreamTokenRefused
from providers.upstream_tokens.tokens import UpstreamToken, check, issuer_named

__all__ = ["UpstreamToken", "UpstreamTokenRefusal", "UpstreamTokenRefused", "check", "issuer_named"]
