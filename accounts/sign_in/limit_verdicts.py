"""Whether a request is within its rate limits, and the header fields that tell its client."""

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.sign_in.rate_limits import Limit
from foundation.permits import Spent


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitState:
    """What is left of a limit: uses that it will still let through, and seconds until its next window.

    ``remaining`` is never more than that, whatever other processes let through meanwhile. It may be less, because it
    does not contain all that Redis still has.
    """

    limit: Limit
    remaining: int
    reset: int


class LimitVerdict:
    """Whether a request is within its limits. If not, none of them has counted it."""

    __slots__ = ("_limits", "_now", "_spent", "is_within")

    def __init__(self, demands: Sequence[tuple[Limit, str]], spent: Sequence[Spent], *, now: float) -> None:
        """``now`` is on the monotonic clock. Without demands the request has no limits."""
        self.is_within = not any(one.is_over for one in spent)
        self._limits = [limit for limit, _ in demands]
        self._spent = spent
        self._now = now

    @property
    def states(self) -> list[LimitState]:
        """The states of all limits, or if some are exceeded, of those."""
        found = zip(self._limits, self._spent, strict=True)
        return [self._state(limit, one) for limit, one in found if one.holding and (self.is_within or one.is_over)]

    @property
    def exceeded(self) -> list[Limit]:
        return [limit for limit, one in zip(self._limits, self._spent, strict=True) if one.is_over]

    @property
    def retry_after(self) -> int:
        """Return the seconds after which all exceeded limits have a new window, or 0."""
        return 0 if self.is_within else max(state.reset for state in self.states)

    def headers(self) -> dict[str, str]:
        """Return the header fields of draft-ietf-httpapi-ratelimit-headers, and ``Retry-After`` of a refusal."""
        if not self._limits:
            return {}
        policies = [f'"{limit.kind}";q={limit.most};w={limit.seconds}' for limit in self._limits]
        states = [f'"{state.limit.kind}";r={state.remaining};t={state.reset}' for state in self.states]
        fields = {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(states)}
        return fields if self.is_within else {**fields, "Retry-After": str(self.retry_after)}

    def _state(self, limit: Limit, spent: Spent) -> LimitState:
        ends_at = spent.holding.ends_at if spent.holding else self._now
        return LimitState(limit=limit, remaining=spent.left, reset=max(0, int(ends_at - self._now)) + 1)
