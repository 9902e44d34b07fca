"""System checks of mail: a site that cannot send any is told what it lacks."""

from typing import Any

from django.core.checks import CheckMessage, Warning, register  # noqa: A004  # Django's own name

from accounts.mailing import mail


@register()
def mail_can_be_sent(app_configs: Any, **_options: Any) -> list[CheckMessage]:
    if mail.is_configured():
        return []
    return [
        Warning(
            "No mail can be sent: nobody can change their address, and nobody can be invited.",
            hint="Set EMAIL_URL.",
            id="accounts.W010",
        )
    ]
