"""Which claims are worth a request to the provider: those that active rules use, cached.

The cache decides nothing about memberships. A stale copy costs a needless request, or leaves out a claim of a new rule,
which then grants nothing yet; withdrawing never depends on it. It is signed all the same: a rule whose claim was not
requested is skipped at sign-in, and an attacker who can write to Redis must not be able to cause that.
"""

import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

from django.db import transaction
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from redis.exceptions import RedisError

from accounts.models import ClaimRule
from accounts.organizations.claim_rules.paths import BrokenPath, parse
from foundation import signed_cache
from tenancy import site_context

logger = logging.getLogger(__name__)

KEY = "claim_rules:wanted"
CACHED_FOR = 3600  # seconds, after which a change that bypassed Django is noticed at the latest


def requested_claims(provider: str) -> frozenset[str]:
    """Return the outermost names of the claims that a provider's active rules use."""
    known = _cached()
    if known is None:
        known = _read()
        _cache(known)
    return frozenset(known.get(provider, ()))


@receiver([post_save, post_delete], sender=ClaimRule, dispatch_uid="invalidate requested claims")
def invalidate(**_: Any) -> None:
    """Send readers to the database from now on, and again once the transaction that changes a rule has committed."""
    signed_cache.mark_changing(KEY)
    transaction.on_commit(partial(signed_cache.mark_changing, KEY))


def _read() -> dict[str, list[str]]:
    found: dict[str, set[str]] = {}
    with site_context("which claims the rules use"):
        for provider, claim in ClaimRule.objects.filter(is_active=True).values_list("provider", "claim"):
            try:
                found.setdefault(provider, set()).add(parse(claim)[0])
            except BrokenPath:
                logger.warning("a claim rule of %s has a malformed path: it grants nothing", provider)
    return {provider: sorted(names) for provider, names in found.items()}


def _cached() -> Mapping[str, list[str]] | None:
    try:
        found = signed_cache.get_settled(KEY, within=CACHED_FOR)
    except RedisError:
        return None
    return found.value if isinstance(found, signed_cache.Signed) else None


def _cache(known: Mapping[str, list[str]]) -> None:
    try:
        signed_cache.add(KEY, known, seconds=CACHED_FOR)  # not over CHANGING
    except RedisError:
        logger.warning("the cache is unreachable: the claims that rules use are read from the database")
