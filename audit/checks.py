"""System checks: no model is forgotten by the trail, and the database's triggers are those of the models."""

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.core import checks
from django.core.checks import CheckMessage, Error, Tags, register

from audit import triggers
from audit.declarations import Exemption, audited, columns_of, everything_said, said_of, tables


@register(Tags.models)
def every_model_is_declared_or_exempt(app_configs: Any, **_options: Any) -> list[CheckMessage]:
    return [
        Error(
            f"{model._meta.label} is neither declared to the trail nor exempt from it.",
            hint=f"Say so in {model._meta.app_label}/audited.py: declare(…) or exempt(…, reason=…).",
            obj=model,
            id="audit.E001",
        )
        for model in tables()
        if said_of(model) is None
    ]


@register(Tags.models)
def declarations_name_what_exists(app_configs: Any, **_options: Any) -> list[CheckMessage]:
    faults: list[CheckMessage] = []
    labels = {model._meta.label_lower for model in apps.get_models(include_auto_created=True)}
    for label, said in everything_said().items():
        if label not in labels:
            what = "exempt" if isinstance(said, Exemption) else "declared"
            faults.append(Error(f"{label} is {what}, but there is no such model.", id="audit.E002"))
    for model, declaration in audited():
        unknown = declaration.columns() - columns_of(model)
        faults += (
            Error(f"{model._meta.label} has no column {column}, which its declaration names.", id="audit.E003")
            for column in sorted(unknown)
        )
    return faults


@register(Tags.database)
def triggers_are_those_of_the_models(
    app_configs: Any, databases: Sequence[str] | None = None, **_options: Any
) -> list[CheckMessage]:
    """Warnings, not errors: ``migrate`` runs this check first, and is what mends the faults."""
    return [
        checks.Warning(f"Trigger {fault}.", hint="Run migrate: it puts the triggers right.", id="audit.W001")
        for alias in databases or ()
        for fault in triggers.faults(alias)
    ]
