"""Mapping an issuer's scopes and roles to our scopes. What is not mapped gives nothing."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from accounts.organizations.claim_rules.paths import BrokenPath, parse
from providers.models import UpstreamIssuer


def mapped_scopes(configured: UpstreamIssuer, claims: Mapping[str, Any]) -> frozenset[str]:
    """Return the scopes of ours that the claims of a verified token stand for."""
    theirs = {name for path in configured.scope_claims for name in _named(claims, path)}
    return frozenset(ours for name in theirs for ours in configured.scopes.get(name, ()))


def _named(claims: Mapping[str, Any], path: str) -> Iterator[str]:
    """Yield the scopes or roles at the end of a path: words of a text (RFC 6749, section 3.3), or items of a list."""
    found: Any = claims
    for name in _names(path):
        found = found.get(name) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        yield from found.split(" ")
    elif isinstance(found, list):
        yield from (item for item in found if isinstance(item, str))


@lru_cache(maxsize=256)
def _names(path: str) -> tuple[str, ...]:
    """Return the names of a path; none if it is malformed, so that it leads to no scope."""
    try:
        return parse(path)
    except BrokenPath:
        return ()
