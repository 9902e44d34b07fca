"""The keys of the issuer in this process: when they are fetched again, by whom, and how long they count without that.

Nobody can make this process fetch more often than once in ``refetch`` seconds, whatever tokens they send.
"""

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Lock

from vestibule_verify.bounded import Bounded
from vestibule_verify.errors import Unavailable
from vestibule_verify.keys import VerificationKey
from vestibule_verify.tokens import AccessToken

logger = logging.getLogger("vestibule_verify")


@dataclass(frozen=True, kw_only=True)
class KeyTimes:
    """Seconds: how long keys count before they are fetched again, how long more while that fails, and between tries."""

    fresh: float
    stale: float
    refetch: float

    def __post_init__(self) -> None:
        if self.fresh <= 0 or self.stale < 0 or self.refetch <= 0:
            raise ValueError("the times of keys must be positive")


@dataclass(frozen=True, kw_only=True)
class KeySet:
    """Keys as they were fetched once, with the tokens that they verified.

    Those are forgotten together with the keys, so that none outlives the withdrawal of its key.
    """

    keys: Mapping[str, VerificationKey]
    fetched_at: float
    verified: Bounded[AccessToken] = field(repr=False)


class KeyCache:
    """The last keys that ``fetch`` returned. It raises Unavailable if there are none to be had."""

    def __init__(
        self,
        fetch: Callable[[], Mapping[str, VerificationKey]],
        times: KeyTimes,
        *,
        most_verified: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fetch, self._times, self._most_verified, self._clock = fetch, times, most_verified, clock
        self._lock = Lock()
        self._held: KeySet | None = None
        self._next_fetch = float("-inf")

    def find(self, kid: str | None = None) -> KeySet | None:
        """Return the keys to use for a key ID without waiting, or None if they have to be fetched first.

        Raises Unavailable if the last fetch failed a moment ago and the former keys are too old.
        """
        now, held = self._clock(), self._held
        may_fetch = now >= self._next_fetch
        if held is not None:
            age = now - held.fetched_at
            is_fresh = age < self._times.fresh
            if is_fresh and (kid is None or kid in held.keys or not may_fetch):
                return held
            if not is_fresh and not may_fetch and age < self._times.fresh + self._times.stale:
                return held
        if may_fetch:
            return None
        raise Unavailable("no keys")

    def get(self, kid: str | None = None) -> KeySet:
        """Return the keys to use for a key ID. One thread fetches if that is needed, and the others wait for it.

        Raises Unavailable.
        """
        found = self.find(kid)
        if found is None:
            with self._lock:
                while (found := self.find(kid)) is None:
                    self._renew()
        return found

    def _renew(self) -> None:
        try:
            began = self._clock()
            keys = self._fetch()
            self._held = KeySet(keys=keys, fetched_at=began, verified=Bounded(self._most_verified))
        except Unavailable as failed:
            logger.warning("the keys could not be fetched: %s", failed)
        finally:
            self._next_fetch = self._clock() + self._times.refetch
