"""Which claims are worth a call: those that active rules look at, known without asking the database each time.

The cache decides nothing about memberships. A copy that is too old costs a needless call, or leaves a claim
unasked that a new rule looks at, which then gives nothing yet: what is withdrawn never waits for it. It is signed all
the same: without its claims a rule has no say in a sign-in, and who writes to Redis must not choose that.
"""

import logging
from collections.abc import Mapping

from django.core.cache import cache
from django.db import transaction
from redis.exceptions import RedisError

from accounts.models import ClaimRule
from accounts.organizations.claim_rules.paths import BrokenPath, parse
from foundation import signed_cache
from tenancy import site_context

logger = logging.getLogger(__name__)

KEY = "claim_rules:wanted"
CACHED_FOR = 3600  # seconds: the longest that a change which did not come through Django goes unheard
CHANGING = "changing"
UNSETTLED_FOR = 10  # seconds after a change in which nobody keeps a copy: it may have been read before the commit


def requested_claims(provider: str) -> frozenset[str]:
    """Return the outermost names of the claims that a provider's active rules look at; none where it has none."""
    known = _cached()
    if known is None:
        known = _read()
        _cache(known)
    return frozenset(known.get(provider, ()))


def invalidate() -> None:
    """Call it in the transaction that changes a rule: whoever asks from now on asks the database."""
    _mark_changing()
    transaction.on_commit(_mark_changing)


def _read() -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    with site_context("which claims do rules look at"):
        for provider, claim in ClaimRule.objects.filter(is_active=True).values_list("provider", "claim"):
            try:
                found.setdefault(provider, set()).add(parse(claim)[0])
            except BrokenPath:
                logger.warning("a claim rule of %s has a path that cannot be read: it gives nothing", provider)
    return {provider: sorted(names) for provider, names in found.items()}


def _cached() -> Mapping[str, list[str]] | None:
    try:
        stored = cache.get(KEY)
        found = None if stored == CHANGING else signed_cache.read(KEY, stored, within=CACHED_FOR)
        if found is None and stored not in (None, CHANGING):
            cache.delete(KEY)  # what is not ours must not keep ours out
    except RedisError:
        return None
    return found.value if found else None


def _cache(known: Mapping[str, list[str]]) -> None:
    try:
        signed_cache.add(KEY, known, seconds=CACHED_FOR)  # not over CHANGING
    except RedisError:
        logger.warning("the cache is away: the database is asked which claims rules look at")


def _mark_changing() -> None:
    try:
        cache.set(KEY, CHANGING, UNSETTLED_FOR)
    except RedisError:
        logger.warning("the cache is away: which claims rules look at may be old for %d seconds", CACHED_FOR)
