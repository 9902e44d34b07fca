"""The decorator of views for signed-in people: it passes them the ``User``."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase

from accounts.models import User

Arguments = ParamSpec("Arguments")
View = Callable[Concatenate[HttpRequest, Arguments], HttpResponseBase]
UserView = Callable[Concatenate[HttpRequest, User, Arguments], HttpResponseBase]


def signed_in(view: UserView[Arguments]) -> View[Arguments]:
    """Call the view with the request and the signed-in ``User``; redirect visitors to sign in, and back by GET.

    It replaces Django's ``login_required``, after which ``request.user`` is still a ``User`` or an ``AnonymousUser``
    to the type checker.
    """

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> HttpResponseBase:
        if not isinstance(request.user, User):
            return redirect_to_login(request.get_full_path())
        return view(request, request.user, *args, **kwargs)

    return guarded
