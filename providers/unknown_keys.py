"""How long a caller that anybody could be waits for an issuer's keys, and how often it may have them fetched again."""

import logging

from redis.exceptions import RedisError

from accounts.sign_in import rate_limits
from accounts.sign_in.rate_limits import Limit
from providers.waiting import WaitPolicy

logger = logging.getLogger(__name__)

UNKNOWN_KEYS = Limit(kind="unknown_keys", most=30, seconds=60)  # for each client: tokens signed with unknown keys
PATIENCE = 0.3  # seconds: a healthy provider has answered by then


def stranger() -> WaitPolicy:
    """Return the policy for fetching keys on behalf of a caller that anybody could be.

    Anybody can send a token with an unknown key id. Such a request waits only briefly and never takes the last forced
    fetch, which is reserved for sign-ins, whose tokens come from the provider itself.
    """
    return WaitPolicy(patience=PATIENCE, reserve=1, may_force=_may_ask_for_keys)


def _may_ask_for_keys() -> bool:
    """Count this request. While Redis is down it is not counted; each process's own limits hold (providers.waiting)."""
    try:
        return not rate_limits.is_over(UNKNOWN_KEYS)
    except RedisError:
        logger.warning("the cache is down: tokens with unknown keys are not counted")
        return True
