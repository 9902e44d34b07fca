"""The hasher of local passwords: Argon2 of the NFC form, with a limit on the length."""

import unicodedata
from collections.abc import Callable

from django.contrib.auth.hashers import Argon2PasswordHasher, check_password

LONGEST_PASSWORD = 1024  # characters of the composed form, for validators, hasher and verifier
LONGEST_TYPED = 4 * LONGEST_PASSWORD  # code points as typed, for forms; longer text is never composed


class PasswordTooLong(ValueError):
    """A password cannot be stored because it has more than LONGEST_PASSWORD characters."""


class BoundedArgon2(Argon2PasswordHasher):
    """Argon2 with a limit on the length. It is here because every check of a password ends here, whatever its form."""

    def encode(self, password: str, salt: str) -> str:
        """Hash the composed form of a password. Raises PasswordTooLong."""
        password = composed(password)
        if len(password) > LONGEST_PASSWORD:
            raise PasswordTooLong(f"a password has at most {LONGEST_PASSWORD} characters")
        return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        """Reject a password over the limit, which cannot be right, in the time that any wrong password takes."""
        is_right = super().verify(password[:LONGEST_PASSWORD], encoded)
        return is_right and len(password) <= LONGEST_PASSWORD


def composed(password: str) -> str:
    """Return a password in Unicode's NFC form (RFC 8265, section 4.2.2): keyboards encode one letter in several ways.

    Text that is too long for a password is returned unchanged, because normalizing it takes disproportionately long.
    """
    return unicodedata.normalize("NFC", password) if len(password) <= LONGEST_TYPED else password


def is_right(typed: str | None, encoded: str, hash_again: Callable[[str], object]) -> bool:
    """Whether a password, in its composed form, matches its hash. A hash with other parameters is made again."""
    return check_password(typed if typed is None else composed(typed), encoded, hash_again)
