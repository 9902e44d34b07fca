"""What a button alone does: whoever comes to its address otherwise is led to the page that has the button."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse

Arguments = ParamSpec("Arguments")
View = Callable[Concatenate[HttpRequest, Arguments], HttpResponseBase]


def post_only(page: str, *, keeps: tuple[str, ...] = ()) -> Callable[[View[Arguments]], View[Arguments]]:
    """Let a view act on POST alone, and lead GET and HEAD to ``page``, the name of the address with its button.

    Stand it above ``signed_in``: somebody whose session ended before they pressed is sent to sign in, comes back
    by GET, and finds the button. ``keeps`` names the view's arguments that the page's address has too.
    """

    def decorate(view: View[Arguments]) -> View[Arguments]:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Arguments.args, **kwargs: Arguments.kwargs) -> HttpResponseBase:
            if request.method in {"GET", "HEAD"}:
                return HttpResponseRedirect(reverse(page, kwargs={name: kwargs[name] for name in keeps}))
            if request.method != "POST":
                return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
            return view(request, *args, **kwargs)

        return cast("View[Arguments]", guarded)

    return decorate
