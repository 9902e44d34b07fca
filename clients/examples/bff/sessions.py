"""The sessions of browsers at the BFF. The tokens are here, in memory, and nowhere else.

With several processes, keep them in a store that these share, encrypted, and lock a session there while it refreshes.
"""

import asyncio
import secrets
import time
from dataclasses import dataclass, field

from .openid import OpenIDClient, Refused, Tokens

LIFETIME = 8 * 3600  # seconds, however active the person is
EARLY = 30  # seconds before its end, an access token is replaced
MOST = 10_000  # the oldest makes room


@dataclass
class Session:
    """One browser. ``id`` names the session without opening it: only the key in the cookie does."""

    tokens: Tokens = field(repr=False)
    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    ends_at: float = field(default_factory=lambda: time.monotonic() + LIFETIME)
    lock: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)


class Sessions:
    def __init__(self, client: OpenIDClient) -> None:
        self._client = client
        self._sessions: dict[str, Session] = {}

    def open(self, tokens: Tokens) -> str:
        """Open a session and return its key, which no earlier session has had."""
        while len(self._sessions) >= MOST:
            del self._sessions[next(iter(self._sessions))]
        key = secrets.token_urlsafe(32)
        self._sessions[key] = Session(tokens)
        return key

    def find(self, key: str) -> Session | None:
        session = self._sessions.get(key)
        if session is not None and time.monotonic() >= session.ends_at:
            self.close(session)
            return None
        return session

    def named(self, id: str) -> Session | None:  # noqa: A002  # the field's name
        return next((session for session in self._sessions.values() if session.id == id), None)

    def close(self, session: Session) -> None:
        self._sessions = {key: other for key, other in self._sessions.items() if other is not session}

    def close_ended(self, sid: str, sub: str) -> None:
        """Close the sessions of a session at Vestibule or, if none is named, all of a person."""
        name, value = ("sid", sid) if sid else ("sub", sub)
        self._sessions = {key: one for key, one in self._sessions.items() if one.tokens.claims.get(name) != value}

    async def access_token(self, session: Session, *, unlike: str = "") -> str:
        """Return an access token that counts for a while, and is not ``unlike``, which an API has refused.

        A refresh token works once, so that one request refreshes and the others wait for it. Raises Refused after
        closing the session if Vestibule gives none, and Unavailable.
        """
        async with session.lock:
            tokens = session.tokens
            if tokens.access_token == unlike or time.monotonic() > tokens.expires_at - EARLY:
                try:
                    session.tokens = await self._client.refresh(tokens)
                except Refused:
                    self.close(session)
                    raise
            return session.tokens.access_token
