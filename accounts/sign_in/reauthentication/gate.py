"""Require reauthentication before a dangerous act. ``decision`` decides what counts.

For a whole view::

    @reauthentication_required
    def dangerous(request, user): ...

For a part of a view: ``if not gate.is_reauthenticated(request): return gate.redirect_to_reauthenticate(request,
next=…)``. The person authenticates again, and returns to ``next``. The act follows from the URL (``acts``), because a
mailed code counts for one act only.
"""

from functools import wraps
from typing import ParamSpec

from django.http import HttpRequest, HttpResponseBase

from accounts.models import User
from accounts.sessions.signed_in import UserView, View, open_when_pinned, redirect_to_reauthenticate, signed_in
from accounts.sign_in.reauthentication import notices
from accounts.sign_in.reauthentication.acts import Act, act_of
from accounts.sign_in.reauthentication.decision import Verdict, judge
from accounts.sign_in.reauthentication.records import SECOND_FACTOR, has_second_factor, record_method

__all__ = [
    "SECOND_FACTOR",
    "Act",
    "has_second_factor",
    "is_reauthenticated",
    "reauthentication_required",
    "record_method",
    "redirect_to_reauthenticate",
]

Arguments = ParamSpec("Arguments")


def is_reauthenticated(request: HttpRequest, act: Act | None = None, *, is_done: bool | None = None) -> bool:
    """Whether the person is reauthenticated for an act, by default that of the request's URL.

    If the account has nothing stronger than a recent sign-in, that is accepted, and its owner is notified of acts that
    are done: ``is_done``, by default every POST.
    """
    act = act or act_of(request.path)
    verdict = judge(request, act)
    is_done = request.method == "POST" if is_done is None else is_done
    if verdict is Verdict.RECENT_BY_SIGN_IN_ALONE and is_done:
        notices.record_acceptance(request, act)
    return verdict is not Verdict.STALE


def reauthentication_required(view: UserView[Arguments]) -> View[Arguments]:
    """Call the view with the signed-in ``User`` if they are reauthenticated; otherwise redirect to reauthenticate.

    Posted data is lost: people come back to the page by GET.
    """

    @signed_in
    @open_when_pinned  # the decision knows which acts are
    @wraps(view)
    def guarded(
        request: HttpRequest, user: User, /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> HttpResponseBase:
        return (
            view(request, user, *args, **kwargs) if is_reauthenticated(request) else redirect_to_reauthenticate(request)
        )

    return guarded
