"""Permits: uses of a rate limit that a process took from the shared store in advance, and spends from its memory."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

MOST_NAMES = 20_000  # counters with permits at once; they take a few MB
FIRST = 8  # permits in advance when a counter is first asked for in a window; then as many as it has taken so far
MOST_AT_ONCE = 256
ALONE = -1  # the window of a process that cannot reach the store, and counts by itself


@dataclass(slots=True)
class Holding:
    """What this process holds of one counter in one window, which has a number at the store.

    ``ends_at`` is on the monotonic clock, and never later than the end of the window at the store. If it ``is_closed``,
    there are no more permits than these in this window, and the store is not asked.
    """

    window: int
    ends_at: float
    left: int = 0
    taken: int = 0
    is_closed: bool = False
    is_reported: bool = False


class Spent(NamedTuple):
    """What a use of one counter found. If it has no permit, it needs one from the store.

    ``left`` uses will still be let through in this window, at least. ``wanted`` is how many permits to take in advance.
    ``is_over`` means that the limit of this window is used up, and ``is_newly_over`` that nobody has reported it yet.
    """

    holding: Holding | None
    has_permit: bool
    left: int
    wanted: int = 0
    is_over: bool = False
    is_newly_over: bool = False

    @property
    def is_low(self) -> bool:
        """Whether the store should be asked now, because this process has no permit for the next use."""
        return not self.left and not (self.holding is not None and self.holding.is_closed)


@dataclass(frozen=True, slots=True)
class Need:
    """A counter with its limit, and whether a use still needs a permit of it (1) or has one (0)."""

    name: str
    most: int
    seconds: int
    needed: int
    wanted: int


@dataclass(frozen=True, slots=True)
class Grant:
    """What the store gave for a need. ``count`` is what all processes have taken in this window, with these permits.

    If ``is_exceeded``, the permit that was needed is not among them. ``is_newly_exceeded`` is true for one process.
    """

    permits: int
    count: int
    window: int
    seconds_left: float
    is_exceeded: bool
    is_newly_exceeded: bool


class Permits:
    """The permits of this process, which its threads share.

    Permits that are not spent are lost with their window. So no window lets more through than the store has given.
    """

    def __init__(self, most: int = MOST_NAMES) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._holdings: dict[str, Holding] = {}
        self._swept_at = 0.0

    def spend(self, names: Sequence[str]) -> list[Spent]:
        """Spend one permit of each name that has one. If one of the limits is used up, spend none."""
        now = time.monotonic()
        with self._lock:
            found = [self._current(name, now) for name in names]
            is_over = any(holding is not None and holding.is_closed and not holding.left for holding in found)
            return [self._spend_one(holding, is_refused=is_over) for holding in found]

    def give_back(self, spent: Sequence[Spent]) -> None:
        """Undo ``spend``, for a use that is refused because of another limit."""
        with self._lock:
            for one in spent:
                if one.has_permit and one.holding is not None:
                    one.holding.left += 1

    def add(self, need: Need, grant: Grant, *, asked_at: float) -> Spent:
        """Hold what the store gave beyond what was needed.

        ``asked_at`` is the monotonic time before the store was asked, so that the window does not end too late here.
        """
        ends_at = asked_at + grant.seconds_left
        with self._lock:
            holding = self._current(need.name, asked_at)
            if holding is None or holding.window < grant.window:
                holding = Holding(window=grant.window, ends_at=ends_at)
                if self._has_room(need.name):
                    self._holdings[need.name] = holding
            is_same = holding.window == grant.window
            if is_same:
                holding.left += max(0, grant.permits - need.needed)
                holding.taken += grant.permits
                holding.is_closed = holding.is_closed or grant.is_exceeded
                holding.is_reported = holding.is_reported or grant.is_exceeded
                holding.ends_at = min(holding.ends_at, ends_at)
            return Spent(
                holding=holding,
                has_permit=not grant.is_exceeded,
                left=holding.left or (max(0, need.most - grant.count) if is_same else 0),
                is_over=grant.is_exceeded,
                is_newly_over=grant.is_newly_exceeded,
            )

    def spend_alone(self, needs: Sequence[Need]) -> list[Spent]:
        """Spend permits while the store is away: this process alone lets at most the whole limit of a window through.

        If one of the limits is used up, none is spent.
        """
        now = time.monotonic()
        with self._lock:
            found = [self._alone(need, now) for need in needs]
            are_over = [holding.left < need.needed for holding, need in zip(found, needs, strict=True)]
            return [
                self._used(holding, need.needed, is_refused=any(are_over), is_over=is_over)
                for holding, need, is_over in zip(found, needs, are_over, strict=True)
            ]

    def _current(self, name: str, now: float) -> Holding | None:
        holding = self._holdings.get(name)
        return holding if holding is not None and now < holding.ends_at else None

    def _spend_one(self, holding: Holding | None, *, is_refused: bool) -> Spent:
        if holding is None:
            wanted = FIRST if len(self._holdings) < self._most else 0
            return Spent(holding=None, has_permit=False, left=0, wanted=wanted)
        return self._used(holding, 1, is_refused=is_refused, is_over=holding.is_closed and not holding.left)

    def _used(self, holding: Holding, needed: int, *, is_refused: bool, is_over: bool) -> Spent:
        has_permit = holding.left >= needed and not is_refused
        is_newly_over = is_over and not holding.is_reported
        holding.left -= needed if has_permit else 0
        holding.is_reported = holding.is_reported or is_over
        return Spent(
            holding=holding,
            has_permit=has_permit,
            left=holding.left,
            wanted=min(MOST_AT_ONCE, max(FIRST, holding.taken)),
            is_over=is_over,
            is_newly_over=is_newly_over,
        )

    def _alone(self, need: Need, now: float) -> Holding:
        name = need.name if self._has_room(need.name) else f"rest:{need.most}:{need.seconds}"  # counted together
        holding = self._current(name, now)
        if holding is None:
            ends_at = now + need.seconds - time.time() % need.seconds
            holding = self._holdings[name] = Holding(window=ALONE, ends_at=ends_at)
        if not holding.is_closed:
            holding.left += max(0, need.most - holding.taken)
            holding.taken = max(need.most, holding.taken)
            holding.is_closed = True
        return holding

    def _has_room(self, name: str) -> bool:
        now = time.monotonic()
        if name not in self._holdings and len(self._holdings) >= self._most and now - self._swept_at > 1:
            self._swept_at = now
            self._holdings = {name: holding for name, holding in self._holdings.items() if holding.ends_at > now}
        return name in self._holdings or len(self._holdings) < self._most
