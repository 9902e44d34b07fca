"""Choosing one of many, safely: Django's own widget fails on a key that cannot be one, such as half an id."""

from typing import Any

from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.utils.translation import gettext


class ChoiceOfMany(AutocompleteSelect):
    """Shows again what was chosen, if it can be a key at all; that it was no choice is for the field to say.

    Where nothing is chosen yet it has words of its own: a screen reader has nothing else to call it.
    """

    def build_attrs(self, base_attrs: Any, extra_attrs: Any = None) -> Any:
        attributes = super().build_attrs(base_attrs, extra_attrs)
        return {**attributes, "data-placeholder": gettext("Choose one")}

    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        return super().optgroups(name, [chosen for chosen in value if self._can_be_key(chosen)], attr)

    def _can_be_key(self, chosen: Any) -> bool:
        try:
            self.field.remote_field.model._meta.pk.to_python(chosen)
        except (ValidationError, ValueError, TypeError):
            return False
        return True
