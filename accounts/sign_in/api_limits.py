"""The rate limits of the API: exact over all processes, and counted with few calls to Redis (ADR 63).

A process takes permits from Redis in advance, for all limits of a request in one script, and spends them from its
memory. While Redis is away, each process lets at most the limit of a window through.
"""

import time
from collections.abc import Sequence

from accounts.sign_in import rate_limits, shared_permits
from accounts.sign_in.limit_verdicts import LimitVerdict
from accounts.sign_in.rate_limits import Limit
from foundation.permits import Need, Permits, Spent

OF_CREDENTIAL = Limit(kind="api.credential", most=6_000, seconds=60)  # one key, token, session or certificate
OF_CLIENT = Limit(kind="api.client", most=30_000, seconds=60)  # all credentials of one app or service
OF_IP_ADDRESS = Limit(kind="api.ip_address", most=60_000, seconds=60)

PERMITS = Permits()


def take(demands: Sequence[tuple[Limit, str]]) -> LimitVerdict:
    """Count a request against several limits, each for a key: against all, or if one is exceeded against none.

    The first refusal of a key in each window is recorded. Clients in exempt networks have no limits. Never raises
    RedisError.
    """
    now = time.monotonic()
    if rate_limits.is_exempt():
        return LimitVerdict([], [], now=now)
    spent = PERMITS.spend([f"{limit.kind}:{key}" for limit, key in demands])
    low = [number for number, one in enumerate(spent) if not one.left and one.is_low]
    if low and not any(one.is_over for one in spent):
        spent = _with_more(demands, spent, low, now=now)
    for demand, one in zip(demands, spent, strict=True):
        if one.is_newly_over:
            rate_limits.record_exceeded(*demand)
    return LimitVerdict(demands, spent, now=now)


def _with_more(
    demands: Sequence[tuple[Limit, str]], spent: list[Spent], low: Sequence[int], *, now: float
) -> list[Spent]:
    """Take permits of the limits of which this process has none left, and return the state of all limits then."""
    needs = [_need(*demands[number], spent[number]) for number in low]
    grants = shared_permits.take([demands[number] for number in low], needs)
    if grants is None:
        found = PERMITS.spend_alone(needs)
    else:
        found = [PERMITS.add(need, grant, asked_at=now) for need, grant in zip(needs, grants, strict=True)]
    if any(one.is_over for one in found):
        PERMITS.give_back(spent)
    after = dict(zip(low, found, strict=True))
    return [after.get(number, one) for number, one in enumerate(spent)]


def _need(limit: Limit, key: str, spent: Spent) -> Need:
    return Need(
        name=f"{limit.kind}:{key}",
        most=limit.most,
        seconds=limit.seconds,
        needed=0 if spent.has_permit else 1,
        wanted=spent.wanted,
    )
