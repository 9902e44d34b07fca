"""Find people by username or verified address, and lock their accounts while they sign in."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from accounts.models import Session, User
from foundation.canonical_email import canonical_or_none
from foundation.rows import Rows, change, fetch_one

USERS = Rows(User, "u")
BY_EMAIL = f"SELECT {USERS.columns} FROM accounts_user u WHERE u.canonical_email = %s AND u.email_verified"
BY_USERNAME_OR_EMAIL = f"""
    SELECT {USERS.columns} FROM accounts_user u
    WHERE u.username = %s OR (u.canonical_email = %s AND u.email_verified)
    ORDER BY u.username = %s DESC NULLS LAST LIMIT 1
"""
# A trigger replaces the given value by the current time.
SET_RIGHT = """
    UPDATE "accounts_user" SET sign_in_epoch = clock_timestamp() WHERE id = %s AND sign_in_epoch > clock_timestamp()
"""


class RevokedMeanwhile(Exception):
    """What a sign-in, or an act in a session, relied on was revoked after it was verified.

    ``onward`` is where the sign-in was to lead, or None for an act in a session. ``stays`` means that the person asked
    to stay signed in.
    """

    def __init__(self, person: UUID) -> None:
        super().__init__(str(person))
        self.person = person
        self.onward: str | None = None
        self.stays = False


@contextmanager
def with_next(onward: str, *, stays: bool = False) -> Iterator[None]:
    """Note in RevokedMeanwhile where the sign-in leads, so that a repeated sign-in leads there too."""
    try:
        yield
    except RevokedMeanwhile as ended:
        ended.onward, ended.stays = onward, stays
        raise


def lock(person: UUID, *, epoch: datetime | None) -> User:
    """Lock the row of an active account, and return it as it is now. Raises RevokedMeanwhile.

    ``epoch`` was read before the authentication was verified. Acts on the person wait from now on, and then see the
    session that this transaction has opened.
    """
    locked = User.objects.select_for_update(no_key=True).filter(pk=person, is_active=True).first()
    if locked is None or locked.sign_in_epoch != epoch:
        raise RevokedMeanwhile(person)
    return locked


def lock_with_session(person: UUID, *, session_key: str | None) -> User:
    """Lock an active account together with the session in which its person acts. Raises RevokedMeanwhile.

    The session was read when the request began, and may have been revoked since.
    """
    locked = User.objects.select_for_update(no_key=True).filter(pk=person, is_active=True).first()
    row = Session.objects.of_browser(session_key).select_for_update().filter(user=person).first()
    if locked is None or row is None:
        raise RevokedMeanwhile(person)
    return locked


def lock_nowait(person: UUID) -> None:
    """Lock an account's row without waiting for another transaction. Raises RevokedMeanwhile if one has locked it.

    This is for a sign-in that has locked its identity: a transaction that has locked the account may wait for that.
    """
    if User.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=person).first() is None:
        raise RevokedMeanwhile(person)


def set_epoch_right(person: UUID) -> None:
    """Set an epoch in the future, written before the clock was set back, to the current time (ADR 42).

    A sign-in that was verified before such an epoch may have been verified before the act too, so it is refused once.
    Call this after the rollback of the refused sign-in.
    """
    change(SET_RIGHT, [person])


def find_by_verified_email(email: str) -> User | None:
    """Return the account that has verified this address, if any.

    Send mail to the address of the returned account, never to the one that was typed (ADR 27).
    """
    row = fetch_one(BY_EMAIL, [canonical_or_none(email)])
    return USERS.read(row) if row else None


def find_by_login(name: str) -> User | None:
    """Return the account with this username or verified address; the username takes precedence."""
    if "\0" in name:
        return None
    row = fetch_one(BY_USERNAME_OR_EMAIL, [name, canonical_or_none(name), name])
    return USERS.read(row) if row else None
