"""The one hasher of local passwords: Argon2, and nothing longer than anybody types."""

from django.contrib.auth.hashers import Argon2PasswordHasher

LONGEST_PASSWORD = 1024  # characters, as validators, forms, hasher and verifier take them


class PasswordTooLong(ValueError):
    """A password cannot be kept because it has more than LONGEST_PASSWORD characters."""


class BoundedArgon2(Argon2PasswordHasher):
    """Every door to a password ends here, so the limit stands here, whatever a form forgets."""

    def encode(self, password: str, salt: str) -> str:
        """Raises PasswordTooLong."""
        if len(password) > LONGEST_PASSWORD:
            raise PasswordTooLong(f"a password has at most {LONGEST_PASSWORD} characters")
        return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        """Refuse a longer password, which nobody can have, in the time that any wrong password takes."""
        is_right = super().verify(password[:LONGEST_PASSWORD], encoded)
        return is_right and len(password) <= LONGEST_PASSWORD
