"""References: the code that a refusal page shows, and the spellings in which people copy it by hand."""

import secrets
import unicodedata

ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no characters that look or sound alike
LETTERS = 6
WORD = "REFERENCE"  # the label before it on the page, which people copy with it
# No reference contains these characters: they are misread forms of a letter that looks like them.
MISREAD = str.maketrans({"I": "L", "1": "L", "|": "L", "O": "Q", "0": "Q"})
LONGEST = 100  # characters of input that are read


def new_reference() -> str:
    """Create a reference with 30 random bits."""
    return written("".join(secrets.choice(ALPHABET) for _ in range(LETTERS)))


def written(letters: str) -> str:
    """Format six letters as a reference: ``7F3K-Q2``."""
    return f"{letters[:4]}-{letters[4:]}"


def read(text: str) -> str | None:
    """Return the reference that a text stands for, in any spelling, or None if it cannot be one.

    Case, blanks, hyphens and other marks are ignored. Lookalikes are read as the letter that a reference can contain:
    I and 1 as L, O and 0 as Q.
    """
    folded = unicodedata.normalize("NFKC", text[:LONGEST]).upper()
    letters = "".join(letter for letter in folded if letter.isalnum() or letter == "|")
    letters = letters.removeprefix(WORD).translate(MISREAD)
    return written(letters) if len(letters) == LETTERS and set(letters) <= set(ALPHABET) else None
