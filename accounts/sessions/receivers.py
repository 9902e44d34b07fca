"""Receivers of Django's authentication signals: each records an event and does nothing else."""

from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import User
from accounts.sessions import opening
from accounts.sign_in import rate_limits
from audit.context import Actor, ActorKind, acting
from audit.events import Event, record


@receiver(user_logged_in, dispatch_uid="record sign-in")
def record_sign_in(request: HttpRequest, user: User, **_: Any) -> None:
    """Record the provider and every step, whichever sign-in method was used."""
    steps = [step["method"] for step in get_authentication_records(request, user)]
    with acting(actor=Actor(ActorKind.PERSON, str(user.pk))):
        record(Event.SIGN_IN_SUCCEEDED, person=user, provider=opening.provider_of(request, user), steps=steps)


@receiver(user_logged_out, dispatch_uid="record sign-out")
def record_sign_out(user: User | None, **_: Any) -> None:
    if user is not None:
        record(Event.SIGN_OUT_SUCCEEDED, person=user, actor=Actor(ActorKind.PERSON, str(user.pk)))


@receiver(user_login_failed, dispatch_uid="record refused password")
def record_refused_password(credentials: dict[str, Any], **_: Any) -> None:
    """Leave out the username: people type their password into the wrong field."""
    if rate_limits.may_leave_entry():
        record(Event.SIGN_IN_REFUSED, reason="local_password_wrong")
