"""References: what a refusal page shows, and how somebody may spell one who copies it by hand."""

import secrets
import unicodedata

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # nothing that looks or sounds like something else
LETTERS = 6
WORD = "REFERENCE"  # what stands before it on the page, and is copied with it
# No reference has these: whoever writes one has misread the letter that looks like it.
MISREAD = str.maketrans({"I": "L", "1": "L", "|": "L", "O": "Q", "0": "Q"})
LONGEST = 100  # characters that are looked at


def new_reference() -> str:
    """Make a reference of 30 random bits."""
    return written("".join(secrets.choice(ALPHABET) for _ in range(LETTERS)))


def written(letters: str) -> str:
    """Write six letters as a reference is shown: ``7F3K-Q2``."""
    return f"{letters[:4]}-{letters[4:]}"


def read(text: str) -> str | None:
    """Return the reference that a text means, in whatever spelling, or None where it can mean none.

    Case, blanks, hyphens and other marks do not count. What looks alike is read as the letter that a reference can
    have: I and 1 as L, O and 0 as Q.
    """
    folded = unicodedata.normalize("NFKC", text[:LONGEST]).upper()
    letters = "".join(letter for letter in folded if letter.isalnum() or letter == "|")
    letters = letters.removeprefix(WORD).translate(MISREAD)
    return written(letters) if len(letters) == LETTERS and set(letters) <= set(ALPHABET) else None
