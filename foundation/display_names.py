"""What to call a person, on one line: the same rules for what a provider tells and for what somebody types here."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from foundation.canonical_email import IGNORABLE

LONGEST_NAME = 255  # characters
JOINERS = "\u200c\u200d"
BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters by their category, and nothing to be seen

UNSEEN_ALONE = JOINERS + "".join(sorted(IGNORABLE))  # they shape the letter beside them, and are no name by themselves


def on_one_line(value: str) -> str:
    """Return a name of any length: blanks of any script become one space, and what is invisible goes.

    Overrides of the writing direction could make one name look like another. Joiners stay, because Persian and the
    scripts of India are written with them.
    """
    spaced = "".join(" " if letter.isspace() or letter in BLANK_LETTERS else letter for letter in value)
    visible = "".join(letter for letter in spaced if letter.isprintable() or letter in JOINERS)
    return " ".join(word for word in visible.split() if word.strip(UNSEEN_ALONE))


def clean_name(value: object) -> str:
    """Return what a provider tells as a name, cut to what an account holds. Nothing where it is no text."""
    return on_one_line(value)[:LONGEST_NAME].rstrip() if isinstance(value, str) else ""


class NameField(forms.CharField):
    """A name that somebody types. One that is too long is refused, not cut: its owner can shorten it."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Name"))
        kwargs.setdefault("max_length", LONGEST_NAME)
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> str:
        text: str = super().to_python(value) or ""
        return on_one_line(text)
