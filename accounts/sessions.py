"""The session engine: rows of ours in PostgreSQL, read through the cache, written once a request."""

import hashlib
import logging
import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.core.cache import cache
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import get_random_string
from redis.exceptions import RedisError

from accounts.models import Session, User
from audit.events import Event, record

logger = logging.getLogger(__name__)

LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789"
KEY_LENGTH = 32  # of 36 letters: 165 bits, so nobody looks whether a new key is taken
KEY = re.compile(rf"[{LETTERS}]{{{KEY_LENGTH}}}\Z")

OF_THE_BROWSER = ("provider", "upstream_sid", "address", "user_agent")  # columns that outlive a change of key


class Because(StrEnum):
    """Why a session was ended before its time."""

    OWNER = "owner"
    IDENTITY_CONNECTED = "identity_connected"
    IDENTITY_DISCONNECTED = "identity_disconnected"
    ADDRESS_CHANGED = "address_changed"
    ADDRESS_CHANGE_DISOWNED = "address_change_disowned"
    PASSWORD_RESET = "password_reset"  # noqa: S105  # a reason
    FACTOR_ADDED = "factor_added"
    FACTOR_REMOVED = "factor_removed"
    PROVIDER = "provider"
    ROLE_CHANGED = "role_changed"
    DEACTIVATED = "deactivated"
    ADMINISTRATOR = "administrator"
    ERASED = "erased"


class FactorAddedMeanwhile(Exception):
    """A session was to be opened for somebody without a second factor who has one by now."""


class SessionStore(DatabaseStore):
    """Django's database store without its round trips: a key is drawn, not looked up; a row is written once.

    The cache is only ever a copy. Without it everything is read from the table.
    """

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._is_new = False
        self._written: bytes | None = None
        self.columns: dict[str, Any] = {}
        self._assumes_no_factor = False

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def _validate_session_key(self, key: str | None) -> bool:
        """Look only for keys that we may have drawn: a cookie can hold NUL, which no database takes."""
        return bool(key and KEY.match(key))

    def describe(self, columns: Mapping[str, Any]) -> None:
        """Give the row's own columns (provider, address, browser) their values, at the next save."""
        self.columns.update(columns)
        self.modified = True

    def assume_no_factor(self) -> None:
        """Let the new row be written only if its person still has no second factor, as the sign-in has found.

        The sign-in looked in the statement that then waited for a lock, so it may have seen what was before. The
        statement that writes the row sees what is (PostgreSQL, 13.2.1), and costs nothing more.
        """
        self._assumes_no_factor = True

    def load(self) -> dict[str, Any]:
        data = _cached(self.session_key)
        if data is None:
            row = self._live_row()
            data = self.decode(row.session_data) if row else {}
            if row:
                _keep(row.session_key, data, self.get_expiry_age(expiry=row.expire_date))
        return data

    def _live_row(self) -> Session | None:
        row = Session.objects.filter(session_key=self.session_key, expire_date__gt=timezone.now()).first()
        if row is None:
            self._session_key = None
        return row

    def exists(self, session_key: str) -> bool:
        return Session.objects.filter(session_key=session_key).exists()

    def create(self) -> None:
        self._session_key = get_random_string(KEY_LENGTH, LETTERS)
        self._session_cache: dict[str, Any] = {}
        self._is_new, self._written, self.modified = True, None, True

    def cycle_key(self) -> None:
        """Draw another key for what is still the same browser: the new row says so too, as of now."""
        if self.session_key:
            before = Session.objects.filter(session_key=self.session_key).values(*OF_THE_BROWSER).first()
            self.columns = (before or {}) | self.columns
        super().cycle_key()

    def save(self, must_create: bool = False) -> None:  # noqa: FBT001, FBT002  # Django's signature
        """Write the row if it differs from what was written. Raises UpdateError when it was ended meanwhile."""
        if self.session_key is None:
            data = self._content()
            self.create()
            self._session_cache = data
        data = self._content()
        content = self.serializer().dumps(data)
        if content == self._written:
            return
        row = self.create_model_instance(data)
        self._write(row)
        self._is_new, self._written = False, content
        key, age = row.session_key, self.get_expiry_age()
        transaction.on_commit(lambda: _keep(key, data, age))

    def _content(self) -> dict[str, Any]:
        """Return what the session holds, loading it if nobody has yet (``_session`` is Django's name for it)."""
        content: dict[str, Any] = self._session  # type: ignore[attr-defined]  # a property that the stubs leave out
        return content

    def _write(self, row: Session) -> None:
        if self._is_new:
            if _insert(row, self.columns) and self._assumes_no_factor:
                raise FactorAddedMeanwhile
            return
        changes = {"session_data": row.session_data, "expire_date": row.expire_date, "user_id": row.user_id}
        if not Session.objects.filter(session_key=row.session_key).update(**changes, **self.columns):
            raise UpdateError

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        return Session(
            session_key=self.session_key or "",
            session_data=self.encode(data),
            expire_date=self.get_expiry_date(),
            user_id=data.get(SESSION_KEY),
            **self.columns,
        )

    def delete(self, session_key: str | None = None) -> None:
        key = session_key or self.session_key
        if key:
            end([key])


def _insert(row: Session, columns: Mapping[str, Any]) -> bool:
    """Insert what we know of a new row; the database's defaults are for the rest. Nothing listens to sessions.

    Returns whether its person has a second factor.
    """
    values = {name: getattr(row, name) for name in ("session_key", "session_data", "expire_date", "user_id", *columns)}
    names, marks = ", ".join(values), ", ".join(["%s"] * len(values))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO accounts_session AS s ({names}) VALUES ({marks}) RETURNING EXISTS ("
            "SELECT FROM mfa_authenticator f WHERE f.user_id = s.user_id AND f.type <> 'recovery_codes')",
            list(values.values()),
        )
        (has_factor,) = cursor.fetchone()
        return bool(has_factor)


def forget_sign_in(request: HttpRequest) -> None:
    """Leave nothing in a request of a sign-in that was rolled back: its end would write the session after all."""
    request.session.flush()
    request.user = AnonymousUser()


def end(keys: list[str]) -> int:
    """End sessions, in the table and in the cache, and return how many there were.

    The one way to do it: a row that goes alone leaves its copy alive. Before their time: ``end_early``.
    """
    count, _ = Session.objects.filter(session_key__in=keys).delete()
    _forget(keys)
    transaction.on_commit(lambda: _forget(keys))  # a reader may have put a copy back before the commit
    return count


def end_others(user: User, *, keep: str | None, because: Because) -> int:
    """End all sessions of a person but one, and return how many there were."""
    return end_early(user.sessions.exclude(session_key=keep), because=because)


def end_early(sessions: Iterable[Session], *, because: Because) -> int:
    """End sessions before their time, say so in the trail, and return how many there were.

    Both in one transaction: none that the trail calls ended lives on, and none ends without a word.
    """
    with transaction.atomic():
        rows = list(sessions)
        for row in rows:
            record(Event.SESSION_ENDED, person=row.user_id, session=row.public_id, because=because.value)
        return end([row.session_key for row in rows])


def copy_name(key: str) -> str:
    """Return what the cache calls a session: whoever can list its names must not be able to open one."""
    return f"session:{hashlib.sha256(key.encode()).hexdigest()}"


def _cached(key: str | None) -> dict[str, Any] | None:
    try:
        data: dict[str, Any] | None = cache.get(copy_name(key or ""))
    except RedisError:
        logger.warning("the cache is away: sessions are read from the table")
        return None
    return data


def _keep(key: str, data: Mapping[str, Any], age: float) -> None:
    try:
        cache.set(copy_name(key), data, age)
    except RedisError:
        logger.warning("the cache is away: a session is kept in the table alone")


def _forget(keys: list[str]) -> None:
    try:
        cache.delete_many([copy_name(key) for key in keys])
    except RedisError:
        logger.warning("the cache is away: copies of ended sessions may be left in it")
