"""Receivers of the signals of signing in, signing out and changing rules. Each calls one function, or records."""

from typing import Any

from allauth.account.internal.flows.login import get_authentication_records
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.models import ClaimRule, User
from accounts.organizations.claim_rules import requested_claims
from accounts.sessions import last_session, opening
from accounts.sign_in import rate_limits
from audit.context import Actor, ActorKind, acting
from audit.events import Event, record


@receiver(user_logged_in, dispatch_uid="open session")
def open_session(request: HttpRequest, user: User, **_: Any) -> None:
    """Every caller of Django's ``login`` opens a session that depends on what was verified (ADR 28)."""
    opening.open_session(request, user)


@receiver(user_logged_in, dispatch_uid="record sign-in")
def record_sign_in(request: HttpRequest, user: User, **_: Any) -> None:
    """Record every sign-in: through a provider, with a second factor, and with a local password or passkey."""
    steps = [step["method"] for step in get_authentication_records(request, user)]
    with acting(actor=Actor(ActorKind.PERSON, str(user.pk))):
        record(Event.SIGN_IN_SUCCEEDED, person=user, provider=opening.provider_of(request, user), steps=steps)


@receiver(user_logged_out, dispatch_uid="record sign-out")
def record_sign_out(user: User | None, **_: Any) -> None:
    if user is not None:
        record(Event.SIGN_OUT_SUCCEEDED, person=user, actor=Actor(ActorKind.PERSON, str(user.pk)))


@receiver(user_logged_out, dispatch_uid="leave with the session")
def revoke_with_the_session(request: HttpRequest, user: User | None, **_: Any) -> None:
    """Announce a sign-out. Django sends the signal before it deletes the session."""
    if user is not None and not last_session.is_signing_in(request, user):
        last_session.sign_out_of(request.session.session_key, user)


@receiver(user_login_failed, dispatch_uid="record refused password")
def record_refused_password(credentials: dict[str, Any], **_: Any) -> None:
    """Record the failure without the name that was typed: it may be a password in the wrong field."""
    if rate_limits.may_leave_entry():
        record(Event.SIGN_IN_REFUSED, reason="local_password_wrong")


@receiver([post_save, post_delete], sender=ClaimRule, dispatch_uid="forget what rules look at")
def invalidate_requested_claims(**_: Any) -> None:
    requested_claims.invalidate()
