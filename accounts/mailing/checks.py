"""System check: a warning for a site that cannot send mail."""

from typing import Any

from django.core.checks import CheckMessage, Warning, register  # noqa: A004  # Django's own name

from accounts.mailing import mail


@register()
def mail_can_be_sent(app_configs: Any, **_options: Any) -> list[CheckMessage]:
    if mail.is_configured():
        return []
    return [
        Warning(
            "No mail can be sent: people cannot change their e-mail address, and nobody can be invited.",
            hint="Set EMAIL_URL.",
            id="accounts.W010",
        )
    ]
