"""System checks of how people come in: what is meant for experiments stays out of production."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004  # Django's own names


@register(Tags.security, deploy=True)
def second_factors_cannot_be_passed_by(app_configs: Any, **_options: Any) -> list[CheckMessage]:
    """allauth has two switches that make a second factor worth nothing."""
    switches = ("MFA_TOTP_INSECURE_BYPASS_CODE", "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN")
    return [
        Error(f"{name} is set: second factors can be passed by.", hint="Take it out.", id="accounts.E001")
        for name in switches
        if getattr(settings, name, None)
    ]


@register(Tags.security, deploy=True)
def administrators_have_a_second_factor(app_configs: Any, **_options: Any) -> list[CheckMessage]:
    if settings.ADMIN_NEEDS_SECOND_FACTOR:
        return []
    return [
        Warning(
            "Administrators without a second factor enter the admin on one proof.",
            hint="Set ADMIN_SECOND_FACTOR=required.",
            id="accounts.W001",
        )
    ]
