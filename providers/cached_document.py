"""Documents that providers publish, cached in the process and in Redis so that they are available in an outage.

A copy from another process is accepted if its signature covers the document's name and age (ADR 30).
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from redis.exceptions import RedisError

from foundation import signed_cache
from foundation.clocks import LEEWAY_SECONDS
from foundation.signed_cache import Signed
from providers.forced_fetches import ForcedFetches
from providers.refusal import RefusalReason, SignInRefused
from providers.waiting import ANY_CALLER, LONGEST_WAIT, Turns, WaitPolicy

Parsed = TypeVar("Parsed")

FRESH_FOR = 600.0  # seconds until a document is fetched again
USABLE_FOR = 86_400.0  # seconds for which an old copy is used while the provider does not answer
RETRY_AFTER = 3.0  # seconds for which no process retries a failed fetch
OWN_TRY_EVERY = 10.0  # seconds for which a process accepts failures of others without trying itself
LOOK_EVERY = 0.05  # seconds between two checks for the result of another process's fetch


@dataclass(frozen=True)
class _Copy(Generic[Parsed]):
    raw: Any
    parsed: Parsed
    fetched_at: float  # seconds since the epoch, by the clock of the machine that fetched it

    def is_younger_than(self, seconds: float) -> bool:
        """Return False also for a copy from the future: the clock was wrong, so its age is unknown."""
        return -LEEWAY_SECONDS <= time.time() - self.fetched_at < seconds


@dataclass
class CachedDocument(Generic[Parsed]):
    """One document of one provider. ``fetch`` returns it raw, ``parse`` validates it and turns it into a value.

    Both raise SignInRefused. While the provider is down or hangs, an old copy is used for up to USABLE_FOR. A failed
    fetch is not retried for RETRY_AFTER, and only a few threads wait for a fetch (``providers.waiting``).
    """

    key: str
    fetch: Callable[[], Any]
    parse: Callable[[Any], Parsed]
    _copy: _Copy[Parsed] | None = None
    _failed: SignInRefused | None = None
    _failed_at: float = 0.0
    _trusts_others_since: float | None = None
    _turns: Turns = field(default_factory=Turns)

    def __post_init__(self) -> None:
        self._forced = ForcedFetches(self.key)

    def get(self, caller: WaitPolicy = ANY_CALLER) -> Parsed:
        """Return the document: at most FRESH_FOR old, or up to USABLE_FOR while its provider does not answer.

        Raises SignInRefused if there is no usable copy.
        """
        copy = self._copy
        if copy and copy.is_younger_than(FRESH_FOR):
            return copy.parsed
        if copy and copy.is_younger_than(USABLE_FOR) and self.failed_lately:
            self._fetch_in_background()
            return copy.parsed
        is_usable = copy is not None and copy.is_younger_than(USABLE_FOR)
        with self._turns.turn(caller.patience, may_sit=not is_usable) as is_ours:
            if is_ours:
                return self._current().parsed
        if copy and is_usable:
            return copy.parsed
        raise _busy()

    def peek(self) -> Parsed | None:
        """Return this process's copy, of any age, without waiting. Fetch in the background if it is old or missing."""
        copy = self._copy
        if copy is None or not copy.is_younger_than(FRESH_FOR):
            self._fetch_in_background()
        return copy.parsed if copy else None

    def known(self) -> Parsed | None:
        """Do as ``peek`` does, but use another process's copy if this process has none."""
        if self._copy is None:
            self._take_shared()
        return self.peek()

    @property
    def failed_lately(self) -> bool:
        """Whether the last fetch failed and that was less than a minute ago."""
        return self._failed is not None and time.monotonic() - self._failed_at < 60

    @property
    def is_fresh(self) -> bool:
        """Whether ``get`` returns this process's copy without waiting for anything."""
        return self._copy is not None and self._copy.is_younger_than(FRESH_FOR)

    @property
    def fetched_at(self) -> float | None:
        """When our copy was fetched, by this process or another, in seconds since the epoch."""
        return self._copy.fetched_at if self._copy else None

    def newer_than(self, seen: Parsed, caller: WaitPolicy = ANY_CALLER) -> Parsed | None:
        """Return a document other than the one seen, fetching it if the caller may, or None if there is none.

        The copy stays in use meanwhile, so a token under an unknown key does not take good keys away from others.
        Raises SignInRefused if the provider does not answer, or if enough threads are already waiting for it.
        """
        before = self._copy
        if before and before.parsed is not seen:
            return before.parsed
        if not caller.may_force():
            return None
        with self._turns.turn(caller.patience) as is_ours:
            if is_ours and self._copy is before:
                self._look_for_newer(caller)
            if self._copy is before and not is_ours:
                raise _busy()
        copy = self._copy
        return copy.parsed if copy and copy.parsed is not seen else None

    def _fetch_in_background(self) -> None:
        threading.Thread(target=self._get_quietly, name=self.key, daemon=True).start()

    def _get_quietly(self) -> None:
        """Fetch unless another thread does so already. A failure is stored for the caller that needs the document."""
        with self._turns.turn(0, may_sit=False) as is_ours:
            if is_ours:
                try:
                    self._current()
                except SignInRefused:
                    return

    def _current(self) -> _Copy[Parsed]:
        """Return the best copy available. Call it while holding the turn. Raises SignInRefused if there is none."""
        if not (self._copy and self._copy.is_younger_than(FRESH_FOR)):
            self._take_shared()
        if self._copy and self._copy.is_younger_than(FRESH_FOR):
            return self._copy
        try:
            self._fail_as_just_now()
            return self._fetch()
        except SignInRefused:
            if self._copy and self._copy.is_younger_than(USABLE_FOR):
                return self._copy
            raise

    def _look_for_newer(self, caller: WaitPolicy) -> None:
        """Fetch if the token bucket allows it for this caller; otherwise use what another process fetches."""
        self._fail_as_just_now()
        if not self._forced.take(reserve=caller.reserve):
            self._wait_for_shared()
            return
        try:
            self._fetch()
        finally:
            self._forced.end()

    def _fetch(self) -> _Copy[Parsed]:
        """Fetch and share the document. A failure (SignInRefused) is shared as well, then raised."""
        try:
            copy = self._copy_of(self.fetch(), time.time())
        except SignInRefused as refused:
            self._failed, self._failed_at = refused, time.monotonic()
            _share_failure(self.key, refused)
            raise
        self._copy, self._failed = copy, None
        _share(self.key, copy)
        return copy

    def _fail_as_just_now(self) -> None:
        """Raise the failure of the last fetch, here or in another process, if it is recent.

        Failures of others count for OWN_TRY_EVERY only: one process that cannot reach the provider, for example
        behind a firewall of its own, must not keep the others from trying.
        """
        now = time.monotonic()
        if self._failed and now - self._failed_at < RETRY_AFTER:
            raise SignInRefused(self._failed.reason, self._failed.detail)
        failure = _shared_failure(self.key)
        since = self._trusts_others_since or now
        if failure is None or now - since >= OWN_TRY_EVERY:
            self._trusts_others_since = None
            return
        self._trusts_others_since = since
        raise failure

    def _take_shared(self) -> bool:
        """Adopt another process's copy if it is newer than ours, or if ours is unusable. Return whether it was."""
        shared, ours = _shared(self.key), self._copy
        if shared is None or (ours and ours.is_younger_than(USABLE_FOR) and shared.at <= ours.fetched_at):
            return False
        try:
            self._copy = self._copy_of(shared.value, shared.at)
        except SignInRefused:
            return False
        return True

    def _copy_of(self, raw: Any, fetched_at: float) -> _Copy[Parsed]:
        """Return a copy of the document. An unchanged document keeps its parsed value, the very same object."""
        is_same = self._copy is not None and self._copy.raw == raw
        return _Copy(raw, self._copy.parsed if self._copy and is_same else self.parse(raw), fetched_at)

    def _wait_for_shared(self) -> None:
        """Wait while another process fetches, and adopt its copy. Raises SignInRefused if its fetch failed."""
        pause, deadline = threading.Event(), time.monotonic() + LONGEST_WAIT
        while not self._take_shared() and self._forced.is_under_way() and time.monotonic() < deadline:
            pause.wait(LOOK_EVERY)
        if not self._take_shared():
            self._fail_as_just_now()


def _busy() -> SignInRefused:
    return SignInRefused(RefusalReason.PROVIDER_BUSY, "enough requests are waiting for this document")


def _share(key: str, copy: _Copy[Any]) -> None:
    try:
        signed_cache.put(_name(key), copy.raw, seconds=USABLE_FOR, at=copy.fetched_at)
    except RedisError:
        return  # another process will fetch its own


def _shared(key: str) -> Signed | None:
    try:
        return signed_cache.get(_name(key), within=USABLE_FOR)
    except RedisError:
        return None


def _share_failure(key: str, refused: SignInRefused) -> None:
    try:
        failure = {"reason": refused.reason.value, "detail": refused.detail}
        signed_cache.put(f"{_name(key)}:failed", failure, seconds=RETRY_AFTER)
    except RedisError:
        return  # the other processes will notice the failure themselves


def _shared_failure(key: str) -> SignInRefused | None:
    try:
        found = signed_cache.get(f"{_name(key)}:failed", within=RETRY_AFTER)
    except RedisError:
        return None
    try:
        return SignInRefused(RefusalReason(found.value["reason"]), found.value["detail"]) if found else None
    except ValueError:
        return None  # another version's reason


def _name(key: str) -> str:
    """Return the name in the cache, of which ``key`` is the part that the caller chooses."""
    return f"document:{key}"
