"""Asking for a fresh proof before an act that is dangerous. What counts as one is decided in ``decision``.

For a view::

    @fresh_proof_required
    def dangerous(request, user): ...

or, where only some of what it does is dangerous: ``if not gate.is_fresh(request): return gate.ask(request,
next=…)``. The person shows once more that it is them, and comes back to ``next``. Which act it is follows from the
address (``acts``): a mailed code counts for one act only.
"""

from functools import wraps
from typing import ParamSpec
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

from accounts.models import User
from accounts.sessions.signed_in import UserView, View, signed_in
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
    """Whether the person has lately shown that it is them, as an act needs it: by default that of the address.

    Where only a sign-in could be asked for, as the account has nothing stronger, what is done is told: ``is_done``,
    by default whatever is posted.
    """
    act = act or act_of(request.path)
    verdict = judge(request, act)
    is_done = request.method == "POST" if is_done is None else is_done
    if verdict is Verdict.RECENT_BY_SIGN_IN_ALONE and is_done:
        notices.record_acceptance(request, act)
    return verdict is not Verdict.STALE


def redirect_to_reauthenticate(request: HttpRequest, *, next: str = "") -> HttpResponseRedirect:  # noqa: A002  # as everywhere in addresses
    """Send somebody who is signed in to prove who they are, and back to ``next``, a path of this site, by GET."""
    query = urlencode({"next": next or request.get_full_path()})
    return HttpResponseRedirect(f"{reverse('reauthenticate')}?{query}")


def reauthentication_required(view: UserView[Arguments]) -> View[Arguments]:
    """Call the view with the signed-in ``User`` once they have given a fresh proof; until then, ask for one.

    What was posted is not kept: people come back to the page by GET.
    """

    @signed_in
    @wraps(view)
    def guarded(
        request: HttpRequest, user: User, /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> HttpResponseBase:
        return (
            view(request, user, *args, **kwargs) if is_reauthenticated(request) else redirect_to_reauthenticate(request)
        )

    return guarded
