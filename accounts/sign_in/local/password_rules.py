"""What a local password may not be, beyond Django's own validators: long, and yet the first that somebody tries.

Django asks every validator, whatever the one before it said. So each of them looks at bounded passwords only.
"""

from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import (
    CommonPasswordValidator,
    MinimumLengthValidator,
    UserAttributeSimilarityValidator,
)
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.sign_in.local.hashing import LONGEST_PASSWORD, composed

LEAST_CHARACTERS = 5  # different ones
RUNS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertzuiop", "qwertyuiop", "asdfghjkl", "yxcvbnm", "zxcvbnm")


class NotTooLong:
    """Refuse a password that the hasher would not take."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(composed(password)) > LONGEST_PASSWORD:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        return _("Your password can have at most %(most)d characters.") % {"most": LONGEST_PASSWORD}


class LongEnough(MinimumLengthValidator):
    """Django's, which counts the accents of letters too where they were typed apart."""

    def validate(self, password: str, user: Any = None) -> None:
        super().validate(composed(password), user)


class NotLikeTheirOwn(UserAttributeSimilarityValidator):
    """Django's, which compares the password with every word of the person's names."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(composed(password)) <= LONGEST_PASSWORD:
            super().validate(composed(password), user)


class NothingObvious:
    """Refuse a common password that was only made longer, a run along the keyboard, and the site's own name."""

    def validate(self, password: str, user: Any = None) -> None:
        password = composed(password)
        if len(password) > LONGEST_PASSWORD:
            return
        plain = password.casefold()
        if len(set(plain)) < LEAST_CHARACTERS or _is_run(plain) or _core(plain) in _common():
            raise ValidationError(
                _("Somebody would try this password early on: take a few words that do not belong together."),
                code="password_obvious",
            )

    def get_help_text(self) -> str:
        return _("Your password cannot be a common one that is only longer.")


def _core(plain: str) -> str:
    """What is left without repetition and without the digits and signs around it."""
    return _undecorated(_unrepeated(_undecorated(plain)))


def _undecorated(text: str) -> str:
    """Cut off what stands before the first letter and after the last."""
    letters = [place for place, sign in enumerate(text) if sign.isalnum() and not sign.isdecimal()]
    return text[letters[0] : letters[-1] + 1] if letters else ""


def _unrepeated(text: str) -> str:
    """Return the shortest text of which this is a repetition: where it begins anew when it is written twice."""
    return text[: (text + text).index(text, 1)] if text else ""


def _is_run(plain: str) -> bool:
    """Whether it is made of pieces of three and more that follow each other on the keyboard or in counting."""
    rest = plain
    for run in (*RUNS, *(run[::-1] for run in RUNS)):
        for length in range(len(run), 2, -1):
            for start in range(len(run) - length + 1):
                rest = rest.replace(run[start : start + length], "")
    return len(rest) * 4 <= len(plain)


@cache
def _common() -> frozenset[str]:
    own = {settings.SITE_NAME.casefold(), settings.SITE_NAME.casefold().replace(" ", "")}
    return frozenset(CommonPasswordValidator().passwords) | own | {""}
