"""What a local password may not be, beyond Django's own validators: long, and yet the first that somebody tries."""

import re
from functools import cache
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

LEAST_CHARACTERS = 5  # different ones
RUNS = ("abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertzuiop", "qwertyuiop", "asdfghjkl", "yxcvbnm", "zxcvbnm")
REPEATED = re.compile(r"(.+?)\1+\Z", re.DOTALL)
DECORATION = re.compile(r"^[\W\d_]+|[\W\d_]+\Z")


class NothingObvious:
    """Refuse a common password that was only made longer, a run along the keyboard, and the site's own name."""

    def validate(self, password: str, user: Any = None) -> None:
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
    stripped = DECORATION.sub("", plain)
    repeated = REPEATED.match(stripped)
    return DECORATION.sub("", repeated.group(1)) if repeated else stripped


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
