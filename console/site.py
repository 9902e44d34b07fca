"""The admin site: who may enter it, and that models are for superusers only unless they declare otherwise."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import URLPattern, URLResolver, path

from accounts.organizations.delegation import may_enter_admin
from console.scope import OnlySuperusers, Scoped

NUL = "\0"  # the only character that PostgreSQL cannot store in text
OF_NO_FORM = ("action", ACTION_CHECKBOX_NAME, "index", "select_across")  # posted by lists without validation


class Site(AdminSite):
    """An admin site where a model is for superusers only unless its ModelAdmin is ``Scoped``."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self._pages: list[URLPattern] = []

    def add_page(self, route: str, view: Callable[..., Any], name: str) -> None:
        """Add a page of another app, beside those of models. ``config`` does this before the URLs are read."""
        self._pages.append(path(route, self.admin_view(view), name=name))

    def has_permission(self, request: HttpRequest) -> bool:
        return may_enter_admin(request.user)

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002  # Django's signature
        """Wrap a view of any model so that it refuses a NUL in the URL or in a list's choices.

        Lists, filters and autocompletes pass their parameters to the database unchecked. Forms refuse a NUL themselves,
        with an error next to the field.
        """
        guarded = super().admin_view(view, cacheable)

        @wraps(guarded)
        def without_nul(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if _has_nul(request):
                raise BadRequest("The URL or a choice contains a NUL.")
            answer: HttpResponseBase = guarded(request, *args, **kwargs)
            return answer

        return without_nul

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        admin_class = admin_class or ModelAdmin
        if not issubclass(admin_class, Scoped | OnlySuperusers):
            admin_class = type(admin_class.__name__, (OnlySuperusers, admin_class), {"__module__": __name__})
        super().register(model_or_iterable, admin_class, **options)

    def get_urls(self) -> list[URLResolver | URLPattern]:
        """Remove Django's "view on site" redirect, which reveals whether any object of any table exists."""
        nowhere = path("r/<path:rest>", _not_found)
        return [nowhere, *self._pages, *super().get_urls()]


def _has_nul(request: HttpRequest) -> bool:
    chosen = (value for name in OF_NO_FORM for value in request.POST.getlist(name))
    parameters = (text for name, values in request.GET.lists() for text in (name, *values))
    return any(NUL in text for text in (request.path_info, *parameters, *chosen))


def _not_found(request: HttpRequest, rest: str) -> HttpResponseBase:
    raise Http404
