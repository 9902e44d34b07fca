"""The sessions of people at the played providers."""

import threading
import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field

from sandbox.personas import Persona
from sandbox.providers import Provider

KEPT = 20_000


@dataclass(frozen=True)
class Session:
    provider: Provider
    persona: Persona
    sid: str = field(default_factory=lambda: str(uuid.uuid4()))
    auth_time: int = field(default_factory=lambda: int(time.time()))


class SessionBook:
    """The live sessions. Beyond 20,000 the oldest are discarded, so that load tests do not fill memory."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._live: OrderedDict[str, Session] = OrderedDict()

    def open(self, provider: Provider, persona: Persona) -> Session:
        session = Session(provider, persona)
        with self._lock:
            self._live[session.sid] = session
            while len(self._live) > KEPT:
                self._live.popitem(last=False)
        return session

    def find(self, provider: Provider, sid: str) -> Session | None:
        with self._lock:
            session = self._live.get(sid)
        return session if session and session.provider is provider else None

    def end(self, sid: str) -> Session | None:
        with self._lock:
            return self._live.pop(sid, None)

    def live(self) -> list[Session]:
        with self._lock:
            return list(self._live.values())

    def forget_all(self) -> None:
        with self._lock:
            self._live.clear()
