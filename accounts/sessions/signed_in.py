"""The decorator of views for signed-in people: it passes them the ``User``. Pinned sessions open few of them.

A pinned session (ADR 73) may use the views that say so with ``open_when_pinned``; all others are about the account, and
lead to the page that reauthenticates. So a new view is closed until somebody has decided.
"""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar
from urllib.parse import urlencode

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

from accounts.models import User

Arguments = ParamSpec("Arguments")
View = Callable[Concatenate[HttpRequest, Arguments], HttpResponseBase]
UserView = Callable[Concatenate[HttpRequest, User, Arguments], HttpResponseBase]
AnyView = TypeVar("AnyView", bound=Callable[..., HttpResponseBase])


def signed_in(view: UserView[Arguments]) -> View[Arguments]:
    """Call the view with the request and the signed-in ``User``; redirect visitors to sign in, and back by GET.

    It replaces Django's ``login_required``, after which ``request.user`` is still a ``User`` or an ``AnonymousUser``
    to the type checker.
    """

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> HttpResponseBase:
        if not isinstance(request.user, User):
            return redirect_to_login(request.get_full_path())
        if request.user.pinned_tenant is not None and not getattr(view, "is_open_when_pinned", False):
            return redirect_to_reauthenticate(request)
        return view(request, request.user, *args, **kwargs)

    return guarded


def open_when_pinned(view: AnyView) -> AnyView:
    """Let pinned sessions use a view: it shows and changes nothing but what concerns their tenant."""
    view.is_open_when_pinned = True  # type: ignore[attr-defined]
    return view


def redirect_to_reauthenticate(request: HttpRequest, *, next: str = "") -> HttpResponseRedirect:  # noqa: A002  # the name in the query string
    """Redirect a signed-in person to reauthenticate, and back to ``next``, a path of this site, by GET."""
    query = urlencode({"next": next or request.get_full_path()})
    return HttpResponseRedirect(f"{reverse('reauthenticate')}?{query}")
