"""What a person on a page of refusal can read to an administrator, who finds the reason by it."""

import secrets

from audit.reference import ALPHABET, LETTERS, written


def new_reference() -> str:
    """Make a reference of 30 random bits."""
    return written("".join(secrets.choice(ALPHABET) for _ in range(LETTERS)))
