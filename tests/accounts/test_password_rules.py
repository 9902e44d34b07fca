"""Which local passwords all validators together reject."""

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.models import User

ADA = User(name="Augusta Lovelace", email="augusta@lovelace.example")


@pytest.mark.parametrize(
    "password",
    [
        "elevenchars",
        "passwordpassword",
        "Password!2026!",
        "!!!iloveyou!!!1234",
        "monkeymonkeymonkey",
        "abcdefghijklmn",
        "nmlkjihgfedcba",
        "qwertyuiopasdfgh",
        "123456789123456789",
        "20261121 201511",
        "aaaaaaaabbbbbbbb",
        "Vestibule-2026!!",
        "Augusta Lovelace",
        "augusta@lovelace",
    ],
)
def test_weak_passwords_are_refused(password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, ADA)


@pytest.mark.parametrize(
    "password",
    [
        "teapot gravel umbrella",
        "correct horse battery",
        "K7#pmz!qQ2vvL",
        "хорошая погода завтра",
        "今日はとても良い天気でした",
    ],
)
def test_good_passwords_are_accepted(password: str) -> None:
    validate_password(password, ADA)
