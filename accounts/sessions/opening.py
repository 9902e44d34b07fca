"""Open the session of a person who has signed in, by whichever method."""

from allauth.account.internal.flows.login import get_authentication_records
from django.contrib.auth import login  # noqa: TID251  # this is the place
from django.http import HttpRequest

from accounts.models import User
from accounts.sessions import devices
from accounts.sessions.store import SessionStore
from audit.context import current


def open_session(request: HttpRequest, user: User) -> None:
    """Sign the person in with a new session row, and mail them if this browser is new to their account.

    Every sign-in method ends here. The mail comes first: a browser is new as long as the trail has no sign-in from it.
    The row is written when the session is saved, and only if no act on the person has moved their sign-in epoch since
    the authentication was verified. A session that only Django's ``login`` has opened is refused then (ADR 28).
    """
    devices.notify_new_device(request, user)
    login(request, user)
    session, context = request.session, current()
    assert isinstance(session, SessionStore)  # noqa: S101  # the only session engine
    session.begin(
        user,
        {
            "provider": provider_of(request, user),
            "ip_address": context.ip_address,
            "user_agent": context.user_agent or "",
        },
    )


def provider_of(request: HttpRequest, user: User) -> str:
    """Return the provider through which the person signed in, or nothing for a password or passkey."""
    steps = get_authentication_records(request, user)
    return next((step["provider"] for step in steps if "provider" in step), "")
