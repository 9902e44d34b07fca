"""Password validators beyond Django's: they reject passwords that are long and still easy to guess.

Django runs every validator, even if an earlier one has failed. So each of them must skip passwords that are too long.
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

LEAST_CHARACTERS = 5  # distinct characters
RUNS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertzuiop", "qwertyuiop", "asdfghjkl", "yxcvbnm", "zxcvbnm")


class NotTooLong:
    """Reject a password that is too long for the hasher."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(composed(password)) > LONGEST_PASSWORD:
            raise ValidationError(self.get_help_text(), code="password_too_long")

    def get_help_text(self) -> str:
        return _("Your password can have at most %(most)d characters.") % {"most": LONGEST_PASSWORD}


class LongEnough(MinimumLengthValidator):
    """Django's validator, applied to the composed form: as typed, combining accents would count as characters."""

    def validate(self, password: str, user: Any = None) -> None:
        super().validate(composed(password), user)


class NotLikeTheirOwn(UserAttributeSimilarityValidator):
    """Django's validator, which compares the password with every word of the person's names and address."""

    def validate(self, password: str, user: Any = None) -> None:
        if len(composed(password)) <= LONGEST_PASSWORD:
            super().validate(composed(password), user)


class NothingObvious:
    """Reject common passwords that were only made longer, runs along the keyboard, and the name of the site."""

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
    """Return the password without repetition and without the digits and signs around it."""
    return _undecorated(_unrepeated(_undecorated(plain)))


def _undecorated(text: str) -> str:
    """Strip everything before the first letter and after the last."""
    letters = [place for place, sign in enumerate(text) if sign.isalnum() and not sign.isdecimal()]
    return text[letters[0] : letters[-1] + 1] if letters else ""


def _unrepeated(text: str) -> str:
    """Return the shortest text of which this is a repetition: twice the text contains the text again at that offset."""
    return text[: (text + text).index(text, 1)] if text else ""


def _is_run(plain: str) -> bool:
    """Whether at least three quarters are runs of three or more characters in the order of keyboard or alphabet."""
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
