"""Views that only a button calls: any other visit to their URL is redirected to the page with the button."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse

Arguments = ParamSpec("Arguments")
View = Callable[Concatenate[HttpRequest, Arguments], HttpResponseBase]


def post_only(
    page: str, *, keeps: tuple[str, ...] = (), keeps_query: bool = False
) -> Callable[[View[Arguments]], View[Arguments]]:
    """Restrict a view to POST, and redirect GET and HEAD to ``page``, the URL name of the page with its button.

    Put it above ``signed_in``: a person whose session ended before they pressed the button is sent to sign in, comes
    back by GET, and finds the button again. ``keeps`` names the view's arguments that the URL of the page needs,
    ``keeps_query`` says that it needs the query too.
    """

    def decorate(view: View[Arguments]) -> View[Arguments]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Arguments.args, **kwargs: Arguments.kwargs) -> HttpResponseBase:
            if request.method in {"GET", "HEAD"}:
                query = f"?{request.META['QUERY_STRING']}" if keeps_query and request.META.get("QUERY_STRING") else ""
                return HttpResponseRedirect(reverse(page, kwargs={name: kwargs[name] for name in keeps}) + query)
            if request.method != "POST":
                return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
            return view(request, *args, **kwargs)

        return cast("View[Arguments]", guarded)

    return decorate
