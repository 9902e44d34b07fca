"""Finding people by what they can prove to have: a verified address."""

from accounts.models import User
from accounts.rows import Rows, fetch_one

USERS = Rows(User, "u")
BY_ADDRESS = f"SELECT {USERS.columns} FROM accounts_user u WHERE lower(u.email) = lower(%s) AND u.email_verified"
BY_NAME_OR_ADDRESS = f"""
    SELECT {USERS.columns} FROM accounts_user u
    WHERE u.username = %s OR (lower(u.email) = lower(%s) AND u.email_verified)
    ORDER BY u.username = %s DESC NULLS LAST LIMIT 1
"""


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
