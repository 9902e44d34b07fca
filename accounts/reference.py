"""What a person on a page of refusal can read to an administrator, who finds the reason by it."""

import secrets

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # nothing that looks or sounds like something else


def new_reference() -> str:
    """Make a reference of 30 random bits."""
    letters = "".join(secrets.choice(ALPHABET) for _ in range(6))
    return f"{letters[:4]}-{letters[4:]}"
