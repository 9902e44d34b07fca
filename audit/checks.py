"""System checks: every model is audited or exempt, and the database's triggers match the declarations."""

from collections.abc import Sequence
from typing import Any

from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register

from audit import triggers
from audit.declarations import declaration_of, tables


@register(Tags.models)
def every_model_is_audited_or_said_not_to_be(app_configs: Any, **_options: Any) -> list[CheckMessage]:
    return [
        Error(
            f"{model._meta.label} is neither declared to the trail nor exempt from it.",
            hint=f"Declare it in {model._meta.app_label}/audited.py: Audited(…) or NotAudited(…, reason=…).",
            obj=model,
            id="audit.E001",
        )
        for model in tables()
        if declaration_of(model) is None
    ]


@register(Tags.database)
def triggers_are_those_of_the_models(
    app_configs: Any, databases: Sequence[str] | None = None, **_options: Any
) -> list[CheckMessage]:
    """Return warnings and not errors, because ``migrate`` runs this check first and then repairs the triggers."""
    return [
        checks.Warning(f"Trigger {fault}.", hint="Run migrate, which repairs the triggers.", id="audit.W001")
        for alias in databases or ()
        for fault in triggers.drift(alias)
    ]
