"""Opening the session of whoever has just signed in, whatever door they came by."""

from allauth.account.internal.flows.login import get_authentication_records
from django.http import HttpRequest

from accounts.models import User
from accounts.sessions import devices
from accounts.sessions.store import SessionStore
from audit.context import current


def open_session(request: HttpRequest, user: User) -> None:
    """Begin another row for the session, and mail the owner of an account that this browser is new to.

    Call it once Django's ``login`` has put the person into the session, and before the sign-in is recorded: new is
    what the trail has not seen. The row is written when the session is saved, if what was judged still stands then
    (ADR 28).
    """
    devices.notify_new_device(request, user)
    if isinstance(request.session, SessionStore):
        context = current()
        request.session.begin(
            user,
            {
                "provider": provider_of(request, user),
                "address": context.address,
                "user_agent": context.user_agent or "",
            },
        )


def provider_of(request: HttpRequest, user: User) -> str:
    """Return the provider through which the person came, or nothing where they came by a local way."""
    steps = get_authentication_records(request, user)
    return next((step["provider"] for step in steps if "provider" in step), "")
