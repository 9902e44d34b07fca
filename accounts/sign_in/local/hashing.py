"""The one hasher of local passwords: Argon2 of one Unicode form, and nothing longer than anybody types."""

import unicodedata
from collections.abc import Callable

from django.contrib.auth.hashers import Argon2PasswordHasher, check_password

LONGEST_PASSWORD = 1024  # characters, as validators, forms, hasher and verifier take them
LONGEST_TYPED = 4 * LONGEST_PASSWORD  # code points of one in another form: of more nothing is composed


class PasswordTooLong(ValueError):
    """A password cannot be kept because it has more than LONGEST_PASSWORD characters."""


class BoundedArgon2(Argon2PasswordHasher):
    """Every door to a password ends here, so the limit stands here, whatever a form forgets."""

    def encode(self, password: str, salt: str) -> str:
        """Hash the composed form of a password, whatever form it was typed in. Raises PasswordTooLong."""
        password = composed(password)
        if len(password) > LONGEST_PASSWORD:
            raise PasswordTooLong(f"a password has at most {LONGEST_PASSWORD} characters")
        return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        """Refuse a longer password, which nobody can have, in the time that any wrong password takes."""
        is_right = super().verify(password[:LONGEST_PASSWORD], encoded)
        return is_right and len(password) <= LONGEST_PASSWORD


def composed(password: str) -> str:
    """Return a password in Unicode's form NFC (RFC 8265, section 4.2.2): keyboards type one letter in several ways.

    What is too long to be one is returned as it is: composing takes longer than its length says.
    """
    return unicodedata.normalize("NFC", password) if len(password) <= LONGEST_TYPED else password


def is_right(typed: str | None, encoded: str, hash_again: Callable[[str], object]) -> bool:
    """Whether a password is the one that was hashed. It is hashed again where that was done in an older way.

    Older hashes are of what was typed, whatever its form: a password in another form than NFC is tried once more
    as it is. That takes the time of a second hash for any account, known or not: ``encoded`` may be unusable.
    """
    if typed is None or composed(typed) == typed:
        return check_password(typed, encoded, hash_again)
    if check_password(composed(typed), encoded, hash_again):
        return True
    if not check_password(typed, encoded):
        return False
    hash_again(typed)
    return True
