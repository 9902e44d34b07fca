"""Finding people by what they can prove to have, and holding their accounts while they come in."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import UUID

from accounts.models import Session, User
from foundation.canonical_email import canonical_or_none
from foundation.rows import Rows, change, fetch_all, fetch_one

USERS = Rows(User, "u")
BY_EMAIL = f"SELECT {USERS.columns} FROM accounts_user u WHERE u.canonical_email = %s AND u.email_verified"
BY_USERNAME_OR_EMAIL = f"""
    SELECT {USERS.columns} FROM accounts_user u
    WHERE u.username = %s OR (u.canonical_email = %s AND u.email_verified AND u.address_dispute IS NULL)
    ORDER BY u.username = %s DESC NULLS LAST LIMIT 1
"""
# The database's trigger makes this moment of whatever is said.
SET_RIGHT = """
    UPDATE "accounts_user" SET sign_in_epoch = clock_timestamp() WHERE id = %s AND sign_in_epoch > clock_timestamp()
"""


class RevokedMeanwhile(Exception):
    """What a sign-in, or an act in a session, rested on was ended since it was judged.

    ``onward`` is where a sign-in was to lead, None of an act in a session; ``stays``: they asked to be kept signed in.
    """

    def __init__(self, person: UUID) -> None:
        super().__init__(str(person))
        self.person = person
        self.onward: str | None = None
        self.stays = False


@contextmanager
def with_next(onward: str, *, stays: bool = False) -> Iterator[None]:
    """Say where a sign-in leads: whoever has to begin it again then comes there all the same."""
    try:
        yield
    except RevokedMeanwhile as ended:
        ended.onward, ended.stays = onward, stays
        raise


class EmailInDispute(Exception):
    """Several accounts have verified this address. Nothing is mailed by it until an administrator has decided."""


def lock(person: UUID, *, epoch: datetime | None) -> User:
    """Return an account as it is now, held as it is until the transaction ends. Raises RevokedMeanwhile.

    ``epoch`` is what was read of it before the proof was judged. Whoever acts upon the person from now on waits, and
    then sees the session that this transaction has opened.
    """
    held = User.objects.select_for_update(no_key=True).filter(pk=person, is_active=True).first()
    if held is None or held.sign_in_epoch != epoch:
        raise RevokedMeanwhile(person)
    return held


def lock_with_session(person: UUID, *, session_key: str | None) -> User:
    """Return an account, held together with the session in which its person acts. Raises RevokedMeanwhile.

    The session was read when the request began, and may have been ended since.
    """
    held = User.objects.select_for_update(no_key=True).filter(pk=person, is_active=True).first()
    row = Session.objects.of_browser(session_key).select_for_update().filter(user=person).first()
    if held is None or row is None:
        raise RevokedMeanwhile(person)
    return held


def lock_nowait(person: UUID) -> None:
    """Hold an account's row without waiting for whoever holds it. Raises RevokedMeanwhile.

    For a sign-in that holds its identity already: somebody who holds the account may be waiting for that.
    """
    if User.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=person).first() is None:
        raise RevokedMeanwhile(person)


def set_epoch_right(person: UUID) -> None:
    """Let an epoch in the future, written before the clock was set back, be that of this moment (ADR 42).

    Whoever was judged before may have been judged before the act as well, and is refused, once. Call it after the
    rollback of what was refused.
    """
    change(SET_RIGHT, [person])


def find_by_verified_email(email: str) -> User | None:
    """Return whose verified address this is. Raises EmailInDispute.

    What is mailed to them goes to the address of their account, never to what somebody typed (ADR 27).
    """
    holders = [USERS.read(row) for row in fetch_all(BY_EMAIL, [canonical_or_none(email)])]
    if any(holder.address_dispute is not None for holder in holders):
        raise EmailInDispute
    return holders[0] if holders else None


def find_by_login(name: str) -> User | None:
    """Return whom a username or a verified address means; a name that looks like an address comes first."""
    if "\0" in name:
        return None
    row = fetch_one(BY_USERNAME_OR_EMAIL, [name, canonical_or_none(name), name])
    return USERS.read(row) if row else None
