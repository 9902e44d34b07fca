"""The session engine: rows of ours in PostgreSQL, read once and written once a request (ADR 19)."""

import base64
import json
import re
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import Session, User
from accounts.sessions.ending import end
from accounts.sessions.lifetime import NOBODYS, lifetime
from accounts.sessions.reading import Found, read

KEY_BYTES = 20  # at random: 160 bits, so nobody looks whether a new key is taken
KEY = re.compile(r"[a-z0-9]{32}\Z")

# Columns that outlive a change of key: always, and while the same person is signed in.
OF_THE_BROWSER = ("provider", "upstream_sid", "address", "user_agent", "active_tenant", "is_remembered")
OF_ITS_LIFE = ("created_at", "ends_at")
INSERT = """
    INSERT INTO "accounts_session" AS s ({names}, idle, ends_at, expire_date)
    SELECT {marks}, idle, ends_at, least(statement_timestamp() + idle, ends_at) FROM (
        SELECT idle, coalesce(%s, statement_timestamp() + life) AS ends_at
        FROM public.session_limits(%s, %s, %s, %s)
    ) limits
    RETURNING s.ends_at, EXISTS (
        SELECT FROM mfa_authenticator f WHERE f.user_id = s.user_id AND f.type <> 'recovery_codes'
    )
"""
UPDATE = """
    UPDATE "accounts_session"
    SET {changes}, expire_date = coalesce(least(statement_timestamp() + idle, ends_at), expire_date)
    WHERE session_key = %s
"""
SEEN = """
    UPDATE "accounts_session" SET
        last_seen_at = statement_timestamp(), address = coalesce(%s, address), user_agent = %s,
        expire_date = coalesce(least(statement_timestamp() + idle, ends_at), expire_date)
    WHERE session_key = %s AND expire_date > statement_timestamp()
"""


class FactorAddedMeanwhile(Exception):
    """A session was to be opened for somebody without a second factor who has one by now."""


class SessionStore(DatabaseStore):
    """Django's database store without its round trips: a key is drawn, not looked up; a row is written once.

    What is read of a live session brings its person along (``person``), for the middleware that stands beside this.
    """

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._found: Found | None = None
        self._is_new = False
        self._written: str | None = None
        self._columns: dict[str, Any] = {}  # what the next save gives the row's own columns
        self._ends_at: datetime | None = None
        self._is_remembered = False
        self._assumes_no_factor = False

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def _validate_session_key(self, key: str | None) -> bool:
        """Look only for keys that we may have drawn: a cookie can hold NUL, which no database takes."""
        return bool(key and KEY.match(key))

    def encode(self, session_dict: dict[str, Any]) -> str:
        """The row is out of reach for everybody but us: a signature on what is in it would prove nothing."""
        return json.dumps(session_dict, separators=(",", ":"))

    def decode(self, session_data: str | bytes) -> dict[str, Any]:
        """What is not ours is as good as not there."""
        try:
            data = json.loads(session_data)
        except ValueError:
            return {}
        return data if isinstance(data, dict) else {}

    @property
    def is_loaded(self) -> bool:
        return hasattr(self, "_session_cache")

    @property
    def found(self) -> Found | None:
        """What the table said of this session when it was loaded, which this does. None of one that is new."""
        _ = self._content()
        return self._found

    @property
    def person(self) -> User | None:
        return self.found.person if self.found else None

    @property
    def active_tenant(self) -> UUID | None:
        """Where the person chose to act; whether they still belong there is asked by whoever lets them in."""
        if "active_tenant" in self._columns:
            chosen: UUID | None = self._columns["active_tenant"]
            return chosen
        return self.found.active_tenant if self.found else None

    @property
    def is_remembered(self) -> bool:
        """Whether the browser was asked to keep the person signed in."""
        return bool(self._columns.get("is_remembered", self._is_remembered))

    def describe(self, columns: Mapping[str, Any]) -> None:
        """Give the row's own columns (provider, address, browser, …) their values, at the next save."""
        self._columns.update(columns)
        self.modified = True

    def begin(self, columns: Mapping[str, Any]) -> None:
        """Say that somebody has just signed in: another key, and a life that begins now by the database's clock.

        Django keeps the key of a browser in which the same person was signed in already.
        """
        if not self._is_new:
            self.cycle_key()
        self.describe(columns)
        for name in OF_ITS_LIFE:
            self._columns.pop(name, None)

    def assume_no_factor(self) -> None:
        """Let the new row be written only if its person still has no second factor, as the sign-in has found.

        The sign-in looked in the statement that then waited for a lock, so it may have seen what was before. The
        statement that writes the row sees what is (PostgreSQL, 13.2.1), and costs nothing more.
        """
        self._assumes_no_factor = True

    def load(self) -> dict[str, Any]:
        self._found = read(self.session_key) if self.session_key else None
        if self._found is None:
            self._session_key = None
            return {}
        self._ends_at, self._is_remembered = self._found.ends_at, self._found.is_remembered
        return self.decode(self._found.data)

    def create(self) -> None:
        self._session_key = base64.b32encode(secrets.token_bytes(KEY_BYTES)).decode().lower()
        self._session_cache: dict[str, Any] = {}
        self._found, self._ends_at, self._is_remembered = None, None, False
        self._is_new, self._written, self.modified = True, None, True

    def cycle_key(self) -> None:
        """Draw another key for what is still the same browser: the new row says so too, and lives no longer."""
        if self.session_key:
            rows = Session.objects.filter(session_key=self.session_key)
            before = rows.values("user_id", *OF_THE_BROWSER, *OF_ITS_LIFE).first() or {"user_id": None}
            keeps = OF_THE_BROWSER if before["user_id"] is None else OF_THE_BROWSER + OF_ITS_LIFE
            self._columns = {name: before[name] for name in keeps if name in before} | self._columns
        super().cycle_key()

    def save(self, must_create: bool = False) -> None:  # noqa: FBT001, FBT002  # Django's signature
        """Write the row if it differs from what was written. Raises UpdateError when it was ended meanwhile."""
        if self.session_key is None:
            data = self._content()
            self.create()
            self._session_cache = data
        data = self._content()
        content = self.encode(data)
        if content == self._written and not self._columns:
            return
        values = {"session_data": content, "user_id": data.get(SESSION_KEY), **self._columns}
        if self._is_new:
            self._insert(values)
        else:
            self._update(values)
        self._is_remembered = self.is_remembered
        self._is_new, self._written, self._columns = False, content, {}

    def _content(self) -> dict[str, Any]:
        """Return what the session holds, loading it if nobody has yet (``_session`` is Django's name for it)."""
        content: dict[str, Any] = self._session  # type: ignore[attr-defined]  # a property that the stubs leave out
        return content

    def _insert(self, values: dict[str, Any]) -> None:
        """Insert what we know of a new row; the database's defaults are for the rest. Nothing listens to sessions."""
        person, is_remembered = values["user_id"], self.is_remembered
        most = lifetime(is_signed_in=person is not None, is_remembered=is_remembered)
        ends_at = values.pop("ends_at", None)
        values["session_key"] = self.session_key
        sql = INSERT.format(names=", ".join(values), marks=", ".join(["%s"] * len(values)))
        with connection.cursor() as cursor:
            given: list[Any] = [*values.values(), ends_at, person, is_remembered, most.idle, most.whole]
            cursor.execute(sql, given)
            self._ends_at, has_factor = cursor.fetchone()
        if has_factor and self._assumes_no_factor:
            raise FactorAddedMeanwhile

    def _update(self, values: dict[str, Any]) -> None:
        sql = UPDATE.format(changes=", ".join(f"{name} = %s" for name in values))
        with connection.cursor() as cursor:
            cursor.execute(sql, [*values.values(), self.session_key])
            if not cursor.rowcount:
                raise UpdateError

    def seen(self, *, address: str | None, user_agent: str) -> None:
        """Note that the session is used now, and from where. One that was ended meanwhile stays ended."""
        with connection.cursor() as cursor:
            cursor.execute(SEEN, [address, user_agent, self.session_key])

    def get_expire_at_browser_close(self) -> bool:
        """The browser forgets what it was not asked to remember."""
        return not self.is_remembered

    def get_expiry_date(self, **kwargs: Any) -> datetime:
        """When the session ends at the latest: the browser is told so, and not when it would end for want of use."""
        ends_at: datetime | None = self._columns.get("ends_at") or self._ends_at
        return ends_at or timezone.now() + NOBODYS.whole

    def get_expiry_age(self, **kwargs: Any) -> int:
        left: timedelta = self.get_expiry_date() - timezone.now()
        return max(0, int(left.total_seconds()))

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key:
            end([key])


def forget_sign_in(request: HttpRequest) -> None:
    """Leave nothing in a request of a sign-in that was rolled back: its end would write the session after all."""
    request.session.flush()
    request.user = AnonymousUser()
