"""The admin as a place: who may enter, and that nothing in it is open to more people than it says itself."""

from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import URLPattern, URLResolver, path

from accounts.admin_scope import OnlySuperusers, Scoped
from accounts.ceiling import may_enter_admin


class Site(AdminSite):
    """A model whose admin does not say what of it a tenant's administrator may see is a superuser's alone."""

    def has_permission(self, request: HttpRequest) -> bool:
        return may_enter_admin(request.user)

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        admin_class = admin_class or ModelAdmin
        if not issubclass(admin_class, Scoped | OnlySuperusers):
            admin_class = type(admin_class.__name__, (OnlySuperusers, admin_class), {"__module__": __name__})
        super().register(model_or_iterable, admin_class, **options)

    def get_urls(self) -> list[URLResolver | URLPattern]:
        """Django's redirect to "the object on the site" tells whether any object of any table exists."""
        nowhere = path("r/<path:rest>", _nowhere)
        return [nowhere, *super().get_urls()]


def _nowhere(request: HttpRequest, rest: str) -> HttpResponseBase:
    raise Http404
