"""System check: exports and erasures cover every model that refers to people."""

from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register

from accounts.privacy import registry


@register(Tags.models)
def every_model_about_people_is_declared(app_configs: Any, **_options: Any) -> list[CheckMessage]:
    return [
        Error(
            f"{model._meta.label} refers to people, but does not declare whether its rows are personal data.",
            hint=f"Declare it in {model._meta.app_label}/personal_data.py: PersonalData(…) or "
            "NotPersonalData(…, reason=…); or with person=… in audited.py.",
            obj=model,
            id="accounts.E004",
        )
        for model in registry.undeclared()
    ]
