"""The session engine: rows of ours in PostgreSQL, read once and written once a request (ADR 19).

A store knows the browser's key, and statements only that of the row (ADR 34).
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
from accounts.sessions.revocation import delete
from accounts.sessions.statements import (
    HAS_FACTOR,
    INSERT,
    OF_THE_BROWSER,
    REPLACED,
    SEEN,
    STANDS,
    UPDATE,
    adapted,
    compared,
    new_key,
)
from accounts.sessions.upstream_tracking import UpstreamSession, after_reauthentication, when_opened
from accounts.sign_in.people import RevokedMeanwhile
from foundation.rows import change, fetch_one


class FactorAddedMeanwhile(Exception):
    """A session was to be opened for somebody without a second factor who has one by now."""


class SessionStore(DatabaseStore):
    """Django's database store without its round trips: a key is drawn, not looked up; a row is written once.

    What is read of a live session brings its person along (``person``), for the middleware that stands beside this.
    """

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._found: LoadedSession | None = None
        self._is_new = False
        self._written: str | None = None
        self._columns: dict[str, Any] = {}  # what the next save gives the row's own columns
        self._ends_at: datetime | None = None
        self._is_remembered = False
        self._assumes_no_factor = False
        self._former: str | None = None  # of whose row it still is, where that is to be another key's
        self._is_another_row = False
        self._proof: AuthenticationEvent | None = None

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
        """What is not ours, or has a form that is unknown here, is as good as not there."""
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
        """What the table said of this session when it was loaded, which this does. None of one that is new."""
        _ = self._content()
        return self._found

    @property
    def person(self) -> User | None:
        return self.loaded.person if self.loaded else None

    @property
    def active_tenant(self) -> UUID | None:
        """Where the person chose to act; whether they still belong there is asked by whoever lets them in."""
        if "active_tenant" in self._columns:
            chosen: UUID | None = self._columns["active_tenant"]
            return chosen
        return self.loaded.active_tenant if self.loaded else None

    @property
    def is_remembered(self) -> bool:
        """Whether the browser was asked to keep the person signed in."""
        return bool(self._columns.get("is_remembered", self._is_remembered))

    def describe(self, columns: Mapping[str, Any]) -> None:
        """Give the row's own columns (provider, address, browser, …) their values, at the next save."""
        self._columns.update(columns)
        self.modified = True

    def opened_in(self, upstream: UpstreamSession) -> None:
        """Say in which session at a provider this one is opened, or waits to be, at the next save."""
        self.describe(when_opened(upstream))

    def reauthenticated_in(self, upstream: UpstreamSession) -> None:
        """Follow the session at a provider in which its person was proven again; call it while the row is held."""
        row = Session.objects.of_browser(self._former or self.session_key).defer("session_data").first()
        self.describe(after_reauthentication(row, upstream) if row else {})

    def set_authentication_event(self, event: AuthenticationEvent) -> None:
        """Say by what a sign-in was judged that is about to open this session, or to wait in it."""
        self._proof = event

    def begin(self, user: User, columns: Mapping[str, Any]) -> None:
        """Say that somebody has just signed in: another row, with a life that begins now by the database's clock.

        The row is written only if the proof still stands. Whoever has not said what it was judged by (``rest_on``)
        is compared by ``user`` as they were read. Django keeps the key of a browser in which the same person was
        signed in already.
        """
        self._renew(user)
        self.describe(columns)

    def hold_for_second_factor(self, user: User) -> None:
        """Keep the first proof until the second factor is shown: under a new key, which nobody else can know.

        What was judged by stands in the row, so that whatever ends sessions finds and ends it too.
        """
        proof = self._renew(user)
        self.describe(
            {
                "waiting_for_id": proof.person,
                "waiting_identity_id": proof.identity_id,
                "waiting_epoch": proof.epoch,
                "provider": proof.provider,
                "upstream_sid": proof.upstream_sid,
            }
        )

    def _renew(self, user: User) -> AuthenticationEvent:
        if self.session_key and not self._is_new and self._former is None:
            self.cycle_key()
        self._is_another_row, self._found = True, None
        if self._proof is None or self._proof.person != user.pk:
            self._proof = AuthenticationEvent.of(user)
        if self._proof.identity_id is None:  # what another sign-in followed in this browser is not this one's
            self.describe({"upstream_sid": "", "upstream_sessions": [], "follow_at": None})
        return self._proof

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
        self._session_key = new_key()
        self._session_cache: dict[str, Any] = {}
        self._found, self._ends_at, self._is_remembered = None, None, False
        self._is_new, self._former, self._written, self.modified = True, None, None, True

    def cycle_key(self) -> None:
        """Draw another key for the same row, at the next save. A row that was ended meanwhile does not come back."""
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
        """Write the row if it differs from what was written. Raises UpdateError when it was ended meanwhile."""
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
        self._former, self._proof = None, None

    def _content(self) -> dict[str, Any]:
        """Return what the session holds, loading it if nobody has yet (``_session`` is Django's name for it)."""
        content: dict[str, Any] = self._session  # type: ignore[attr-defined]  # a property that the stubs leave out
        return content

    def _replaced(self) -> dict[str, Any]:
        """Remove the row that a new one replaces, and return what of it is the browser's."""
        row = fetch_one(REPLACED, [row_key(self._former)]) if self._former else None
        return dict(zip(OF_THE_BROWSER, row, strict=True)) if row else {}

    def _insert(self, values: dict[str, Any]) -> None:
        """Insert what we know of a new row; the database's defaults are for the rest. Nothing listens to sessions.

        The one statement by which somebody is signed in, or waits to be. Raises RevokedMeanwhile, FactorAddedMeanwhile.
        """
        person, is_remembered = values["user_id"], self.is_remembered
        most = lifetime(is_signed_in=person is not None, is_remembered=is_remembered)
        values["session_key"] = row_key(self.session_key)
        proof = self._event_of(person or values.get("waiting_for_id"))
        where = STANDS if proof else ""
        sql = INSERT.format(names=", ".join(values), marks=", ".join(["%s"] * len(values)), where=where)
        given: list[Any] = [*adapted(values), person, person, is_remembered, most.idle, most.whole]
        row = fetch_one(sql, given + (compared(proof) if proof else []))
        if row is None:
            raise self._refusal(proof)
        self._ends_at, has_factor = row
        if has_factor and self._assumes_no_factor:
            raise FactorAddedMeanwhile

    def _event_of(self, person: object) -> AuthenticationEvent | None:
        """Return what is compared; nobody's row needs none. A person's row without a proof is a fault of ours."""
        if person is None:
            return None
        if self._proof is None or str(self._proof.person) != str(person):
            raise RuntimeError("a session is opened by begin(), and waits by wait()")
        return self._proof

    def _refusal(self, event: AuthenticationEvent | None) -> Exception:
        assert event is not None  # noqa: S101  # without one every row is written
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
        """Note that the session is used now, and from where. One that was ended meanwhile stays ended."""
        change(SEEN, [ip, user_agent, longest(), longest(), row_key(self.session_key)])

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
        if key := session_key or self._former or self.session_key:
            delete([key])
        if session_key is None:
            self._former = None


def forget_sign_in(request: HttpRequest) -> None:
    """Leave nothing in a request of a sign-in that was rolled back: its end would write the session after all."""
    request.session.flush()
    request.user = AnonymousUser()
