"""The throttle for wrong credentials of the API: keys, tokens and certificates (ADR 63).

Wrong credentials count for the address from which they come, and for the public part of the credential that they name.
An address that has sent too many is refused before anything is checked. A right credential is never refused because of
what other addresses have sent. Networks in ``RATE_LIMITS_EXEMPT`` are no exception.

The usual request costs no call to Redis: a process asks it only when a credential was wrong. So each thread of another
process may check one more before that process learns that an address is throttled.
"""

from accounts.sign_in import rate_limits
from accounts.sign_in.rate_limits import Limit
from foundation.windows import Windows

OF_PAIR = Limit(kind="api_failures.pair", most=10, seconds=60)  # one public part, from one address
OF_IP_ADDRESS = Limit(kind="api_failures.ip_address", most=600, seconds=60)
OF_PUBLIC_PART = Limit(
    kind="api_failures.public_part", most=50, seconds=60
)  # from all addresses; never refuses right ones

FULL = Windows()  # the addresses and pairs that this process knows to be throttled


class CredentialsThrottled(Exception):
    """Too many wrong credentials came from this address, or with this public part: 429 after ``seconds``."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"{seconds} seconds")
        self.seconds = seconds


def check(public_part: str = "") -> None:
    """Raise CredentialsThrottled if the client of this request must not try a credential now.

    Call it before anything is checked. ``public_part`` is what the credential shows to everybody: the id in an API key,
    or a client's id; empty if it has none.
    """
    for limit, key in _demands(public_part):
        if limit is not OF_PUBLIC_PART and FULL.has(rate_limits.name(limit, key)):
            raise CredentialsThrottled(rate_limits.seconds_left(limit))


def count_failure(public_part: str = "") -> None:
    """Count a wrong credential, once for each that a request has. Raises CredentialsThrottled if it was one too many.

    The first one too many in each window is recorded. While Redis is away, each process counts by itself.
    """
    demands = _demands(public_part)
    over = []
    for (limit, key), count in zip(demands, rate_limits.count_each_anyway(demands), strict=True):
        if count == limit.most + 1:
            rate_limits.record_exceeded(limit, key)
        if count > limit.most:
            over.append(limit)
            FULL.count(rate_limits.name(limit, key), seconds=limit.seconds, rest=limit.kind)
    if over:
        raise CredentialsThrottled(max(map(rate_limits.seconds_left, over)))


def _demands(public_part: str) -> list[tuple[Limit, str]]:
    client = rate_limits.client()
    by_ip_address = [(OF_IP_ADDRESS, client)]
    if not public_part:
        return by_ip_address
    return [*by_ip_address, (OF_PAIR, f"{client} {public_part}"), (OF_PUBLIC_PART, public_part)]
