"""The rights on the whole site that an account has, which do not count in a pinned session (ADR 73)."""

from typing import Any

from django.db import models
from django.db.models.query_utils import DeferredAttribute


class SiteRightAttribute(DeferredAttribute):
    """Reads as False on a person who is pinned to a tenant. What was loaded from the row is kept behind it."""

    def __get__(self, instance: Any, cls: Any = None) -> Any:
        stored = super().__get__(instance, cls)
        return stored if instance is None or instance.pinned_tenant is None else False

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class SiteRight(models.BooleanField[Any, bool]):
    """A right on the whole site, as a flag of the account.

    Everything that asks for the flag gets False for a pinned person, so no caller can forget to ask. Saving such a
    person writes what was loaded, so a superuser who changes their name in a pinned session stays one.
    """

    descriptor_class = SiteRightAttribute

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001  # Django's signature
        return model_instance.__dict__[self.attname]

    def deconstruct(self) -> Any:
        name, _path, args, options = super().deconstruct()
        return name, "django.db.models.BooleanField", args, options
