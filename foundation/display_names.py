"""Display names of people on one line: the same rules for names from providers and for names that people type."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from foundation.canonical_email import IGNORABLE

LONGEST_NAME = 255  # characters
JOINERS = "\u200c\u200d"
BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # not spaces by category, but they look like spaces

UNSEEN_ALONE = JOINERS + "".join(sorted(IGNORABLE))  # they only shape adjacent letters, and are no name by themselves


def on_one_line(value: str) -> str:
    """Return a name of any length with each run of blanks as one space, and without invisible characters.

    Overrides of the writing direction could make one name look like another. Joiners stay, because Persian and the
    scripts of India need them.
    """
    spaced = "".join(" " if letter.isspace() or letter in BLANK_LETTERS else letter for letter in value)
    visible = "".join(letter for letter in spaced if letter.isprintable() or letter in JOINERS)
    return " ".join(word for word in visible.split() if word.strip(UNSEEN_ALONE))


def clean_name(value: object) -> str:
    """Return a provider's name claim, cut to the length of the column, or an empty string if it is not a text."""
    return on_one_line(value)[:LONGEST_NAME].rstrip() if isinstance(value, str) else ""


class NameField(forms.CharField):
    """A name that a person types. If it is too long it is refused and not cut, because the person can shorten it."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("label", _("Name"))
        kwargs.setdefault("max_length", LONGEST_NAME)
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> str:
        text: str = super().to_python(value) or ""
        return on_one_line(text)
