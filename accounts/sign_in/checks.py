"""System checks of sign-in: settings that are meant for experiments must not reach production."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004  # Django's own names


@register(Tags.security, deploy=True)
def second_factors_cannot_be_passed_by(app_configs: Any, **_options: Any) -> list[CheckMessage]:
    """Refuse the two settings of allauth that make second factors worthless."""
    switches = ("MFA_TOTP_INSECURE_BYPASS_CODE", "MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN")
    return [
        Error(f"{name} is set: second factors can be bypassed.", hint="Remove it.", id="accounts.E001")
        for name in switches
        if getattr(settings, name, None)
    ]


@register(Tags.security, deploy=True)
def administrators_have_a_second_factor(app_configs: Any, **_options: Any) -> list[CheckMessage]:
    if settings.ADMIN_NEEDS_SECOND_FACTOR:
        return []
    return [
        Warning(
            "Administrators can enter the admin without a second factor.",
            hint="Set ADMIN_SECOND_FACTOR=required.",
            id="accounts.W001",
        )
    ]
