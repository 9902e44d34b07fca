"""The rows that users find in the admin: superusers find all, other administrators those of their tenant."""

from typing import Any, TypeVar, cast

from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.core.exceptions import ValidationError
from django.db.models import ForeignKey, ManyToManyField, Model, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext

from accounts.models import User
from console.trail.history import history

Row = TypeVar("Row", bound=Model)


def actor(request: HttpRequest) -> User:
    """Return the user of the admin, who is always a ``User``: nobody else passes its sign-in."""
    return cast("User", request.user)


def people_of(model_admin: admin.ModelAdmin[Any], request: HttpRequest) -> QuerySet[User]:
    """Return the people in the user's scope. Searches use this so that results never depend on other people."""
    people: QuerySet[User] = model_admin.admin_site._registry[User].get_queryset(request)  # noqa: SLF001  # as Django does
    return people


class HistoryAdmin(admin.ModelAdmin[Row]):
    """A ModelAdmin whose history is that of the trail. Django's own log contains only what was done in the admin."""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        obj = self.get_object(request, object_id)
        if obj is None or not self.has_view_or_change_permission(request, obj):
            return super().history_view(request, object_id, extra_context)  # shows the error
        return HttpResponseRedirect(history(obj._meta.db_table, str(obj.pk)))


class OnlySuperusers(HistoryAdmin[Row]):
    """A ModelAdmin for models that are not divided among tenants. Only superusers see them."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return actor(request).is_superuser and super().has_module_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return actor(request).is_superuser and super().has_view_permission(request, obj)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return actor(request).is_superuser and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return actor(request).is_superuser and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return actor(request).is_superuser and super().has_delete_permission(request, obj)


class ChoiceOfMany(AutocompleteSelect):
    """Django's autocomplete widget, but tolerating values that cannot be keys, such as half an id.

    Django's widget fails on these. This one leaves them out when it shows the form again; the field reports the error.
    It also has a placeholder, because a screen reader finds no other name for an empty one.
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


class NarrowChoices(admin.options.BaseModelAdmin[Row]):
    """Limits the choices of related objects to what the user finds in the related model's own admin."""

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any], request: HttpRequest, **kwargs: Any) -> Any:
        self._narrow(db_field, request, kwargs)
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs.setdefault("widget", ChoiceOfMany(db_field, self.admin_site, using=kwargs.get("using")))
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def formfield_for_manytomany(self, db_field: ManyToManyField[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        self._narrow(db_field, request, kwargs)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def _narrow(self, db_field: Any, request: HttpRequest, kwargs: dict[str, Any]) -> None:
        model = db_field.remote_field.model
        other = self.admin_site._registry.get(model)  # noqa: SLF001  # as Django does
        if isinstance(other, Scoped):
            kwargs.setdefault("queryset", other.get_queryset(request))
        elif not actor(request).is_superuser:
            kwargs.setdefault("queryset", model._default_manager.none())  # noqa: SLF001


class Scoped(NarrowChoices[Row], HistoryAdmin[Row]):
    """A ModelAdmin in which a tenant's administrators find the rows of their tenant.

    Row-level security protects tables that belong to tenants. For other tables, override ``scoped``. Everything that
    reads in Django's admin starts from this queryset: lists, pages, searches, actions and choices.
    """

    def scoped(self, request: HttpRequest, queryset: QuerySet[Row]) -> QuerySet[Row]:
        """Filter a queryset for a tenant's administrator. Tables with row-level security need no filter."""
        return queryset

    def get_queryset(self, request: HttpRequest) -> QuerySet[Row]:
        queryset = super().get_queryset(request)
        person = actor(request)
        if person.is_superuser:
            return queryset
        return self.scoped(request, queryset) if person.active_membership else queryset.none()
