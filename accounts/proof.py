"""Whether somebody has shown lately that it is them, and how they are asked to."""

import time
from urllib.parse import urlencode

from allauth.account.internal.flows.login import get_authentication_records
from django.http import HttpRequest, HttpResponseRedirect
from django.urls import reverse

from accounts import local
from accounts.models import User

PROOF_LASTS = 600  # seconds


def is_fresh(request: HttpRequest) -> bool:
    if not isinstance(request.user, User):
        return False
    since = time.time() - PROOF_LASTS
    return any(proof["at"] >= since for proof in get_authentication_records(request, request.user))


def ask(request: HttpRequest, *, next: str) -> HttpResponseRedirect:  # noqa: A002  # as everywhere in addresses
    """Send somebody who is signed in to prove who they are, and back to ``next``, a path of this site, by GET."""
    assert isinstance(request.user, User)  # noqa: S101  # who is not signed in is asked to sign in
    by_password = local.is_on() and not request.user.identities.exists()
    page = f"{reverse('local-sign-in')}?again&" if by_password else f"{reverse('fresh')}?"
    return HttpResponseRedirect(page + urlencode({"next": next}))
