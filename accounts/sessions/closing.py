"""Close the session of this browser: the person signs out, or signs in again."""

from django.contrib.auth import logout  # noqa: TID251  # this is the place
from django.db import transaction
from django.http import HttpRequest

from accounts.models import User
from accounts.sessions.last_session import lock_people, notify_signed_out


def close_session(request: HttpRequest, *, before_sign_in_of: User | None = None) -> None:
    """End the session of this browser, and what other apps store for it if it was the person's last one.

    ``before_sign_in_of`` is the person who signs in next in this browser. If that is the current user, they stay
    signed in at their provider, so only the row is deleted.
    """
    user = request.user
    with transaction.atomic():
        if isinstance(user, User) and user != before_sign_in_of:
            key = request.session.session_key
            lock_people([user.pk])
            notify_signed_out([user.pk], but=[key] if key else [])
        logout(request)
