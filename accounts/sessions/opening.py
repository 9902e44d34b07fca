"""Open the session of a person who has just signed in, by whatever method."""

from allauth.account.internal.flows.login import get_authentication_records
from django.http import HttpRequest

from accounts.models import User
from accounts.sessions import devices
from accounts.sessions.store import SessionStore
from audit.context import current


def open_session(request: HttpRequest, user: User) -> None:
    """Begin a new row for the session, and mail a notice if the browser is new to the account.

    Call it after Django's ``login`` has put the person into the session and before the sign-in is recorded, because
    the notice depends on earlier sign-ins in the trail. The row is written when the session is saved, if the
    authentication is still valid then (ADR 28).
    """
    devices.notify_new_device(request, user)
    session, context = request.session, current()
    assert isinstance(session, SessionStore)  # noqa: S101  # the only engine that we have
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
