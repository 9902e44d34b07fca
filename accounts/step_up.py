"""What a person has proven in this session, and the one decider of whether that is fresh enough for what is dangerous.

For a view::

    @fresh_proof_required
    def dangerous(request): ...

or, where only some of what it does is dangerous: ``if not step_up.is_fresh(request): return step_up.ask(request,
next=…)``. The person shows once more that it is them, and comes back to ``next``.
"""

import time
from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlencode

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

from accounts.factors.held import has_factor
from accounts.models import User

PROOF_LASTS = 600  # seconds
SECOND_FACTOR = "mfa"  # allauth's word for it in its records

Arguments = ParamSpec("Arguments")
View = Callable[Concatenate[HttpRequest, Arguments], HttpResponseBase]


def note(request: HttpRequest, user: User, method: str, **how: Any) -> None:
    """Write into the session that somebody has just proven who they are."""
    record_authentication(request, user, method, **how)


def is_fresh(request: HttpRequest) -> bool:
    """Whether the person has shown within ten minutes that it is them.

    By a second factor, where they have one: a password or a provider alone is what somebody may have stolen.
    """
    if not isinstance(request.user, User):
        return False
    since = time.time() - PROOF_LASTS
    if has_factor(request.user):
        return has_second_factor(request, request.user, since=since)
    return any(proof["at"] >= since for proof in _proofs(request, request.user))


def has_second_factor(request: HttpRequest, user: User, *, since: float = 0.0) -> bool:
    """Whether a second factor was proven in this session: one of ours, or by a provider whose word counts."""
    return any(proof["method"] == SECOND_FACTOR and proof["at"] >= since for proof in _proofs(request, user))


def ask(request: HttpRequest, *, next: str = "") -> HttpResponseRedirect:  # noqa: A002  # as everywhere in addresses
    """Send somebody who is signed in to prove who they are, and back to ``next``, a path of this site, by GET."""
    query = urlencode({"next": next or request.get_full_path()})
    return HttpResponseRedirect(f"{reverse('prove')}?{query}")


def fresh_proof_required(view: View[Arguments]) -> View[Arguments]:
    """Let nobody reach a view without a fresh proof. What was posted is not kept: they come back to the page."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Arguments.args, **kwargs: Arguments.kwargs) -> HttpResponseBase:
        if not request.user.is_authenticated:
            return redirect_to_login(request.get_full_path())
        if not is_fresh(request):
            return ask(request)
        return view(request, *args, **kwargs)

    return cast("View[Arguments]", guarded)


def _proofs(request: HttpRequest, user: User) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = get_authentication_records(request, user)
    return found
