"""Closing the session of this browser: the person signs out, or signs in anew."""

from django.contrib.auth import logout  # noqa: TID251  # this is the place
from django.db import transaction
from django.http import HttpRequest

from accounts.models import User
from accounts.sessions.last_session import lock_people, notify_signed_out


def close_session(request: HttpRequest, *, before_sign_in_of: User | None = None) -> None:
    """End the session of this browser, and what others keep for it if it was the person's last one.

    Args:
        before_sign_in_of: the person who signs in next in this browser. If they are the one who is signed in, they
            stay signed in at their provider, so only the row ends.
    """
    user = request.user
    with transaction.atomic():
        if isinstance(user, User) and user != before_sign_in_of:
            key = request.session.session_key
            lock_people([user.pk])
            notify_signed_out([user.pk], but=[key] if key else [])
        logout(request)
