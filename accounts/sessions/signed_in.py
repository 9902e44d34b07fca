"""The decorator of views that need somebody who is signed in: it hands them the account."""

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
    """Call the view with the request and the signed-in ``User``; send visitors to sign in, and back by GET.

    It stands in place of Django's ``login_required``, after which the account would be ``request.user``: to the type
    checker a ``User`` or an ``AnonymousUser``.
    """

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: Arguments.args, **kwargs: Arguments.kwargs) -> HttpResponseBase:
        if not isinstance(request.user, User):
            return redirect_to_login(request.get_full_path())
        return view(request, request.user, *args, **kwargs)

    return guarded
