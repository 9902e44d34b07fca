"""The admin as a place: who may enter, and that nothing in it is open to more people than it says itself."""

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

NUL = "\0"  # the one character that PostgreSQL's texts cannot hold
OF_NO_FORM = ("action", ACTION_CHECKBOX_NAME, "index", "select_across")  # posted by lists, and validated by nothing


class Site(AdminSite):
    """A model whose admin does not say what of it a tenant's administrator may see is a superuser's alone."""

    def has_permission(self, request: HttpRequest) -> bool:
        return may_enter_admin(request.user)

    def admin_view(self, view: Callable[..., Any], cacheable: bool = False) -> Any:  # noqa: FBT001, FBT002  # Django's signature
        """Every page of the admin is asked for through here, whatever its model: its address can hold no NUL.

        Lists, filters and choices give what they are told to the database as it is. What is filled into a form is the
        form's to refuse, in words beside its field.
        """
        guarded = super().admin_view(view, cacheable)

        @wraps(guarded)
        def without_nul(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if _has_nul(request):
                raise BadRequest("An address, or a choice, with a NUL in it.")
            answer: HttpResponseBase = guarded(request, *args, **kwargs)
            return answer

        return without_nul

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        admin_class = admin_class or ModelAdmin
        if not issubclass(admin_class, Scoped | OnlySuperusers):
            admin_class = type(admin_class.__name__, (OnlySuperusers, admin_class), {"__module__": __name__})
        super().register(model_or_iterable, admin_class, **options)

    def get_urls(self) -> list[URLResolver | URLPattern]:
        """Django's redirect to "the object on the site" tells whether any object of any table exists."""
        nowhere = path("r/<path:rest>", _not_found)
        return [nowhere, *super().get_urls()]


def _has_nul(request: HttpRequest) -> bool:
    chosen = (value for name in OF_NO_FORM for value in request.POST.getlist(name))
    asked = (text for name, values in request.GET.lists() for text in (name, *values))
    return any(NUL in text for text in (request.path_info, *asked, *chosen))


def _not_found(request: HttpRequest, rest: str) -> HttpResponseBase:
    raise Http404
