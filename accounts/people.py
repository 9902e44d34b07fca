"""Finding people by what they can prove to have, and holding their accounts while they come in."""

from datetime import datetime
from uuid import UUID

from accounts.canonical import canonical_or_none
from accounts.models import Session, User
from accounts.rows import Rows, fetch_all, fetch_one

USERS = Rows(User, "u")
BY_ADDRESS = f"SELECT {USERS.columns} FROM accounts_user u WHERE u.canonical_email = %s AND u.email_verified"
BY_NAME_OR_ADDRESS = f"""
    SELECT {USERS.columns} FROM accounts_user u
    WHERE u.username = %s OR (u.canonical_email = %s AND u.email_verified AND u.address_dispute IS NULL)
    ORDER BY u.username = %s DESC NULLS LAST LIMIT 1
"""


class EndedMeanwhile(Exception):
    """What a sign-in, or an act in a session, rested on was ended since it was judged."""

    def __init__(self, person: UUID) -> None:
        super().__init__(str(person))
        self.person = person


class AddressInDispute(Exception):
    """Several accounts have verified this address. Nothing is mailed by it until an administrator has decided."""


def hold(person: UUID, *, epoch: datetime | None) -> User:
    """Return an account as it is now, held as it is until the transaction ends. Raises EndedMeanwhile.

    ``epoch`` is what was read of it before the proof was judged. Whoever acts upon the person from now on waits, and
    then sees the session that this transaction has opened.
    """
    held = User.objects.select_for_update(no_key=True).filter(pk=person, is_active=True).first()
    if held is None or held.sign_in_epoch != epoch:
        raise EndedMeanwhile(person)
    return held


def hold_with_session(person: UUID, *, session_key: str | None) -> User:
    """Return an account, held together with the session in which its person acts. Raises EndedMeanwhile.

    The session was read when the request began, and may have been ended since.
    """
    held = User.objects.select_for_update(no_key=True).filter(pk=person, is_active=True).first()
    row = Session.objects.of_browser(session_key).select_for_update().filter(user=person).first()
    if held is None or row is None:
        raise EndedMeanwhile(person)
    return held


def hold_at_once(person: UUID) -> None:
    """Hold an account's row without waiting for whoever holds it. Raises EndedMeanwhile.

    For a sign-in that holds its identity already: somebody who holds the account may be waiting for that.
    """
    if User.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=person).first() is None:
        raise EndedMeanwhile(person)


def who_verified(address: str) -> User | None:
    """Return whose verified address this is. Raises AddressInDispute.

    What is mailed to them goes to the address of their account, never to what somebody typed (ADR 27).
    """
    holders = [USERS.read(row) for row in fetch_all(BY_ADDRESS, [canonical_or_none(address)])]
    if any(holder.address_dispute is not None for holder in holders):
        raise AddressInDispute
    return holders[0] if holders else None


def who_signs_in_as(name: str) -> User | None:
    """Return whom a local name or a verified address means; a name that looks like an address comes first."""
    if "\0" in name:
        return None
    row = fetch_one(BY_NAME_OR_ADDRESS, [name, canonical_or_none(name), name])
    return USERS.read(row) if row else None
