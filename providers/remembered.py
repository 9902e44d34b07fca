"""Documents that providers publish, fetched rarely: kept in the process, shared by the cache, outliving an outage.

What another process shared is believed by its signature, under its own name and with its own age (ADR 30).
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from django.core.cache import cache
from redis.exceptions import RedisError

from accounts import signed_cache
from accounts.signed_cache import Signed
from providers.refusal import Reason, SignInRefused

Parsed = TypeVar("Parsed")

FRESH_FOR = 600.0  # seconds until a document is fetched again
USABLE_FOR = 86_400.0  # seconds that an old one serves while its provider does not answer
FORCED_EVERY = 8.0  # seconds between two fetches that somebody's token asks for, over all processes
RETRY_AFTER = 2.0  # seconds during which a failed fetch is not tried again
LONGEST_WAIT = 5.0  # seconds for another thread or process that is fetching


@dataclass(frozen=True)
class _Copy(Generic[Parsed]):
    raw: Any
    parsed: Parsed
    fetched_at: float  # seconds since the epoch, the fetching machine's

    @property
    def age(self) -> float:
        return time.time() - self.fetched_at


@dataclass
class Remembered(Generic[Parsed]):
    """One document of one provider. ``fetch`` gets it raw, ``parse`` turns it into a value or refuses it.

    Both raise SignInRefused. Time is counted so that a flood of unknown keys costs one fetch per
    FORCED_EVERY, whatever the number of processes and threads.
    """

    key: str
    fetch: Callable[[], Any]
    parse: Callable[[Any], Parsed]
    _copy: _Copy[Parsed] | None = None
    _failed: SignInRefused | None = None
    _failed_at: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def get(self) -> Parsed:
        """Return the document, at most FRESH_FOR old, or older while its provider does not answer."""
        if self._copy and self._copy.age < FRESH_FOR:
            return self._copy.parsed
        with self._held():
            return self._current().parsed

    def peek(self) -> Parsed | None:
        """Return what is at hand without waiting for anybody; fetch in the background when it is old or missing."""
        copy = self._copy
        if copy is None or copy.age >= FRESH_FOR:
            threading.Thread(target=self._get_quietly, name=self.key, daemon=True).start()
        return copy.parsed if copy else None

    def known(self) -> Parsed | None:
        """As ``peek``, and where this process knows nothing, return what another one has shared."""
        if self._copy is None:
            self._take_shared()
        return self.peek()

    @property
    def failed_lately(self) -> bool:
        """Whether the last fetch failed, within the last minute."""
        return self._failed is not None and time.monotonic() - self._failed_at < 60

    @property
    def fetched_at(self) -> float | None:
        """When the copy at hand was fetched, by this process or another, in seconds since the epoch."""
        return self._copy.fetched_at if self._copy else None

    def _get_quietly(self) -> None:
        """Only one of many background fetches goes on; a refusal is kept for whoever really needs the document."""
        if not self._lock.acquire(blocking=False):
            return
        try:
            self._current()
        except SignInRefused:
            return
        finally:
            self._lock.release()

    def newer_than(self, seen: Parsed) -> Parsed | None:
        """Return another document than the one seen, fetching it if it is time to; None when there is none.

        Threads and processes that ask while one of them fetches wait for it.
        """
        with self._held():
            if self._copy and self._copy.parsed is not seen:
                return self._copy.parsed
            before = self._copy
            if _may_fetch_now(self.key):
                self._fetch()
            else:
                self._wait_for_shared(before)
            return self._copy.parsed if self._copy and self._copy is not before else None

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Hold the lock, behind which somebody may be waiting for a provider that does not answer."""
        if not self._lock.acquire(timeout=LONGEST_WAIT):
            raise SignInRefused(Reason.PROVIDER_BUSY, "another request has been waiting for this document")
        try:
            yield
        finally:
            self._lock.release()

    def _current(self) -> _Copy[Parsed]:
        """Return the best copy there is. The lock is held."""
        if not (self._copy and self._copy.age < FRESH_FOR):
            self._take_shared()
        if self._copy and self._copy.age < FRESH_FOR:
            return self._copy
        try:
            return self._fetch()
        except SignInRefused:
            if self._copy and self._copy.age < USABLE_FOR:
                return self._copy
            raise

    def _fetch(self) -> _Copy[Parsed]:
        """Fetch it, or repeat the refusal of a moment ago."""
        if self._failed and time.monotonic() - self._failed_at < RETRY_AFTER:
            raise SignInRefused(self._failed.reason, self._failed.detail)
        try:
            raw = self.fetch()
            copy = _Copy(raw, self.parse(raw), time.time())
        except SignInRefused as refused:
            self._failed, self._failed_at = refused, time.monotonic()
            raise
        self._copy, self._failed = copy, None
        _share(self.key, copy)
        return copy

    def _take_shared(self) -> bool:
        """Adopt another process's copy if it is newer than ours."""
        shared = _shared(self.key)
        if shared is None or (self._copy and shared.at <= self._copy.fetched_at):
            return False
        try:
            self._copy = _Copy(shared.value, self.parse(shared.value), shared.at)
        except SignInRefused:
            return False
        return True

    def _wait_for_shared(self, before: _Copy[Parsed] | None) -> None:
        """Somebody fetched within FORCED_EVERY, or does so now: take what they bring."""
        pause = threading.Event()
        deadline = time.monotonic() + LONGEST_WAIT
        while not self._take_shared() and time.monotonic() < deadline:
            asked_at = _asked_at(self.key)
            if asked_at is None or (before and before.fetched_at >= asked_at):
                return  # nobody fetches, or ours is what they brought
            pause.wait(0.05)


def _may_fetch_now(key: str) -> bool:
    try:
        return cache.add(f"{key}:asked", time.time(), FORCED_EVERY)
    except RedisError:
        return True  # the process's own lock and the gate of the upstream still hold


def _asked_at(key: str) -> float | None:
    """Return when somebody began the last fetch that a token asked for, if that is not FORCED_EVERY ago."""
    try:
        found: float | None = cache.get(f"{key}:asked")
    except RedisError:
        return None
    return found


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


def _name(key: str) -> str:
    """Not the key alone: there processes of the version before leave what is not signed."""
    return f"document:{key}"
