"""The session engine: rows in PostgreSQL that are read once and written once per request (ADR 19).

A store holds the browser's key; statements use only the row's key, its digest (ADR 34).
"""

import json
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
from accounts.models.session import KEY, row_key
from accounts.sessions.authentication_event import AuthenticationEvent
from accounts.sessions.forms import readable
from accounts.sessions.lifetime import NOBODYS, lifetime, longest
from accounts.sessions.reading import LoadedSession, read
from accounts.sessions.revocation import delete, replace
from accounts.sessions.statements import HAS_FACTOR, INSERT, SEEN, STANDS, UPDATE, adapted, compared, new_key
from accounts.sessions.upstream_tracking import NO_PROVIDER, UpstreamSession, after_reauthentication, when_opened
from accounts.sign_in.people import RevokedMeanwhile
from foundation.rows import change, fetch_one


class FactorAddedMeanwhile(Exception):
    """The session was to be opened without a second factor, but the person has added one meanwhile."""


class SessionStore(DatabaseStore):
    """Django's database store with fewer round trips: a new key is not looked up, and a row is written once.

    Loading a live session also reads its ``person``, for ``accounts.sessions.middleware``.
    """

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._found: LoadedSession | None = None
        self._is_new = False
        self._written: str | None = None
        self._columns: dict[str, Any] = {}  # values of the row's other columns, for the next save
        self._ends_at: datetime | None = None
        self._is_remembered = False
        self._assumes_no_factor = False
        self._former: str | None = None  # the key that the row still has, if the next save changes it
        self._is_another_row = False
        self._event: AuthenticationEvent | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def _validate_session_key(self, key: str | None) -> bool:
        """Look up only keys that we may have generated: a cookie can contain NUL, which PostgreSQL rejects."""
        return bool(key and KEY.match(key))

    def encode(self, session_dict: dict[str, Any]) -> str:
        """Encode without a signature, which would prove nothing: only we can write the row."""
        return json.dumps(session_dict, separators=(",", ":"))

    def decode(self, session_data: str | bytes) -> dict[str, Any]:
        """Decode the content. Anything that is not ours, or not in a known form, is treated as missing."""
        try:
            data = json.loads(session_data)
        except ValueError:
            return {}
        return readable(data) if isinstance(data, dict) else {}

    @property
    def is_loaded(self) -> bool:
        return hasattr(self, "_session_cache")

    @property
    def loaded(self) -> LoadedSession | None:
        """The session as it was loaded, which this does if necessary. None for a new session."""
        _ = self._content()
        return self._found

    @property
    def person(self) -> User | None:
        return self.loaded.person if self.loaded else None

    @property
    def active_tenant(self) -> UUID | None:
        """The tenant that the person chose. Whether they are still a member is checked where it is entered."""
        return self._tenant("active_tenant")

    @property
    def pinned_tenant(self) -> UUID | None:
        """The tenant whose connection opened this session, or the sign-in that waits in it (ADR 73)."""
        return self._tenant("pinned_tenant")

    def _tenant(self, column: str) -> UUID | None:
        found: UUID | None = self._columns[column] if column in self._columns else getattr(self.loaded, column, None)
        return found

    @property
    def is_remembered(self) -> bool:
        """Whether the person asked to stay signed in on this device."""
        return bool(self._columns.get("is_remembered", self._is_remembered))

    def describe(self, columns: Mapping[str, Any]) -> None:
        """Set the row's other columns (provider, IP address, browser, …) at the next save."""
        self._columns.update(columns)
        self.modified = True

    def opened_in(self, upstream: UpstreamSession) -> None:
        """Set the provider's session in which this one is opened, or waits to be opened, at the next save."""
        self.describe(when_opened(upstream))

    def reauthenticated_in(self, upstream: UpstreamSession) -> None:
        """Track the provider's session in which the person was reauthenticated; call it while the row is locked."""
        row = Session.objects.of_browser(self._former or self.session_key).defer("session_data").first()
        self.describe(after_reauthentication(row, upstream) if row else {})

    def set_authentication_event(self, event: AuthenticationEvent) -> None:
        """Set the authentication of the sign-in that is about to open this session, or to wait in it."""
        self._event = event

    def begin(self, user: User, columns: Mapping[str, Any]) -> None:
        """Begin the session of a person who has just signed in: a new row that starts now, by the database's clock.

        The row is written only if the authentication is still valid. Without ``set_authentication_event``, that is
        judged by ``user`` as it was read. Unlike here, Django keeps the key if the same person was signed in already.
        """
        self._renew(user)
        self.describe(columns)

    def hold_for_second_factor(self, user: User) -> None:
        """Store the first authentication until the second factor is verified, under a new key that nobody else knows.

        Its person, identity and epoch are columns of the row, so that whatever revokes sessions finds and ends it too.
        """
        event = self._renew(user)
        self.describe(
            {
                "waiting_for_id": event.person,
                "waiting_identity_id": event.identity_id,
                "waiting_epoch": event.epoch,
                "provider": event.provider,
                "upstream_sid": event.upstream_sid,
            }
        )

    def _renew(self, user: User) -> AuthenticationEvent:
        if self.session_key and not self._is_new and self._former is None:
            self.cycle_key()
        self._is_another_row, self._found = True, None
        if self._event is None or self._event.person != user.pk:
            self._event = AuthenticationEvent.of(user)
        if self._event.identity_id is None:  # nothing is left of what an earlier sign-in in this browser did
            self.describe(NO_PROVIDER)
        return self._event

    def assume_no_factor(self) -> None:
        """Write the new row only if the person still has no second factor, as the sign-in has found.

        The sign-in checked that in the statement that waited for a lock, so it may have read an older snapshot. The
        statement that writes the row has a new one (PostgreSQL documentation, 13.2.1), and checks it at no extra cost.
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
        self._session_key = new_key()
        self._session_cache: dict[str, Any] = {}
        self._found, self._ends_at, self._is_remembered = None, None, False
        self._is_new, self._former, self._written, self.modified = True, None, None, True

    def cycle_key(self) -> None:
        """Give the same row another key at the next save. A row that was deleted meanwhile does not come back."""
        data = self._content()
        if self.session_key is None:
            self.create()
            self._session_cache = data
            return
        if not self._is_new and self._former is None:
            self._former = self.session_key
        self._session_key = new_key()
        self.modified = True

    def save(self, must_create: bool = False) -> None:  # noqa: FBT001, FBT002  # Django's signature
        """Write the row if it has changed. Raises UpdateError if the session was ended meanwhile."""
        if self.session_key is None:
            data = self._content()
            self.create()
            self._session_cache = data
        data = self._content()
        content = self.encode(data)
        if content == self._written and not self._columns and self._former is None:
            return
        values = {"session_data": content, "user_id": data.get(SESSION_KEY), **self._columns}
        if self._is_new or self._is_another_row:
            self._insert(self._replaced() | values)
        else:
            self._update(values)
        self._is_remembered = self.is_remembered
        self._is_new, self._is_another_row, self._written, self._columns = False, False, content, {}
        self._former, self._event = None, None

    def _content(self) -> dict[str, Any]:
        """Return the session's content, loading it if necessary (``_session`` is Django's name for it)."""
        content: dict[str, Any] = self._session  # type: ignore[attr-defined]  # a property that the stubs do not have
        return content

    def _replaced(self) -> dict[str, Any]:
        """Delete the row that a new one replaces, and return its columns that belong to the browser."""
        return replace(row_key(self._former)) if self._former else {}

    def _insert(self, values: dict[str, Any]) -> None:
        """Insert a new row; the database's defaults fill the rest. It bypasses the ORM: sessions have no receivers.

        No other statement signs a person in or stores a waiting sign-in. Raises RevokedMeanwhile, FactorAddedMeanwhile.
        """
        person, is_remembered = values["user_id"], self.is_remembered
        most = lifetime(is_signed_in=person is not None, is_remembered=is_remembered)
        values["session_key"] = row_key(self.session_key)
        event = self._event_of(person or values.get("waiting_for_id"))
        where = STANDS if event else ""
        sql = INSERT.format(names=", ".join(values), marks=", ".join(["%s"] * len(values)), where=where)
        given: list[Any] = [*adapted(values), person, person, is_remembered, most.idle, most.whole]
        row = fetch_one(sql, given + (compared(event) if event else []))
        if row is None:
            raise self._refusal(event)
        self._ends_at, has_factor = row
        if has_factor and self._assumes_no_factor:
            raise FactorAddedMeanwhile

    def _event_of(self, person: object) -> AuthenticationEvent | None:
        """Return the event to compare; the row of a visitor needs none. A person's row without one is a bug."""
        if person is None:
            return None
        if self._event is None or str(self._event.person) != str(person):
            raise RuntimeError("call begin() to open a session, or hold_for_second_factor() to store a waiting sign-in")
        return self._event

    def _refusal(self, event: AuthenticationEvent | None) -> Exception:
        assert event is not None  # noqa: S101  # a row without an event is always written
        if self._assumes_no_factor and fetch_one(HAS_FACTOR, [event.person]) is not None:
            return FactorAddedMeanwhile()
        return RevokedMeanwhile(event.person)

    def _update(self, values: dict[str, Any]) -> None:
        if self._former is not None:
            values = {"session_key": row_key(self.session_key), **values}
        sql = UPDATE.format(changes=", ".join(f"{name} = %s" for name in values))
        with connection.cursor() as cursor:
            cursor.execute(sql, [*adapted(values), row_key(self._former or self.session_key)])
            if not cursor.rowcount:
                raise UpdateError

    def record_use(self, *, ip: str | None, user_agent: str) -> None:
        """Record that the session is used now, and from where. A session that was ended meanwhile stays ended."""
        change(SEEN, [ip, user_agent, longest(), longest(), row_key(self.session_key)])

    def get_expire_at_browser_close(self) -> bool:
        """Whether the cookie lasts only until the browser is closed."""
        return not self.is_remembered

    def get_expiry_date(self, **kwargs: Any) -> datetime:
        """The latest end of the session. The cookie gets this date, not the earlier one of an unused session."""
        ends_at: datetime | None = self._columns.get("ends_at") or self._ends_at
        return ends_at or timezone.now() + NOBODYS.whole

    def get_expiry_age(self, **kwargs: Any) -> int:
        left: timedelta = self.get_expiry_date() - timezone.now()
        return max(0, int(left.total_seconds()))

    def delete(self, session_key: str | None = None) -> None:
        if key := session_key or self._former or self.session_key:
            delete([row_key(key)])
        if session_key is None:
            self._former = None


def forget_sign_in(request: HttpRequest) -> None:
    """Clear the request after a sign-in was rolled back: otherwise the middleware would save the session after all."""
    request.session.flush()
    request.user = AnonymousUser()
