"""The messages of `check --deploy` about sign-in."""

from typing import Any

import pytest
from django.core.checks import run_checks


def found() -> list[str]:
    messages = run_checks(tags=["security"], include_deployment_checks=True)
    return sorted(str(message.id) for message in messages if str(message.id).startswith("accounts."))


def test_production_settings_raise_no_message(settings: Any) -> None:
    settings.ADMIN_NEEDS_SECOND_FACTOR = True

    assert found() == []


@pytest.mark.promise(83)
@pytest.mark.parametrize(
    ("name", "value"), [("MFA_TOTP_INSECURE_BYPASS_CODE", "000000"), ("MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN", True)]
)
def test_settings_that_bypass_second_factors_are_errors(settings: Any, name: str, value: object) -> None:
    settings.ADMIN_NEEDS_SECOND_FACTOR = True
    setattr(settings, name, value)

    assert found() == ["accounts.E001"]


def test_administrators_without_a_second_factor_are_a_warning(settings: Any) -> None:
    settings.ADMIN_NEEDS_SECOND_FACTOR = False

    assert found() == ["accounts.W001"]
