"""Finding people by what they can prove to have, and holding their accounts while they come in."""

from uuid import UUID

from accounts.models import User
from accounts.rows import Rows, fetch_one

USERS = Rows(User, "u")
BY_ADDRESS = f"SELECT {USERS.columns} FROM accounts_user u WHERE lower(u.email) = lower(%s) AND u.email_verified"
BY_NAME_OR_ADDRESS = f"""
    SELECT {USERS.columns} FROM accounts_user u
    WHERE u.username = %s OR (lower(u.email) = lower(%s) AND u.email_verified)
    ORDER BY u.username = %s DESC NULLS LAST LIMIT 1
"""


class EndedMeanwhile(Exception):
    """An account was closed, or all that opened it was ended, since somebody began to sign in to it."""

    def __init__(self, person: UUID) -> None:
        super().__init__(str(person))
        self.person = person


def hold(user: User) -> User:
    """Return an account as it is now, held as it is until the transaction ends. Raises EndedMeanwhile.

    ``user`` is what was read of it when the proof was judged. Whoever ends everything from now on waits, and then
    sees the session that this transaction has opened.
    """
    held = User.objects.select_for_update(no_key=True).filter(pk=user.pk, is_active=True).first()
    if held is None or held.not_before != user.not_before:
        raise EndedMeanwhile(user.pk)
    return held


def who_verified(address: str) -> User | None:
    """Return whose verified address this is, whatever its letter case."""
    row = fetch_one(BY_ADDRESS, [address])
    return USERS.read(row) if row else None


def who_signs_in_as(name: str) -> User | None:
    """Return whom a local name or a verified address means; a name that looks like an address comes first."""
    if "\0" in name:
        return None
    row = fetch_one(BY_NAME_OR_ADDRESS, [name, name, name])
    return USERS.read(row) if row else None
