"""A form field for a tenant, by its name or short name."""

from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from accounts.people.search import tenants_called


class TenantField(forms.CharField):
    """Cleans to the tenant's id, or to None if the field is empty and not required."""

    def __init__(self, **options: Any) -> None:
        super().__init__(label=_("Tenant"), max_length=150, **options)

    def clean(self, value: Any) -> UUID | None:
        called = super().clean(value)
        if not called:
            return None
        found = list(tenants_called(called)[:2])
        if len(found) != 1:
            raise ValidationError(
                _("There are several of this name: give the short name.") if found else _("There is no such tenant.")
            )
        return found[0]
