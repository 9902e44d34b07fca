"""Copying changes at a provider to the account: a first email address, its verification, a new name.

What the person or an administrator has set here stays. An existing address is never replaced. A name is replaced only
if it is the provider's former one and was not set here (``User.name_set_here``).
"""

from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import Identity, User
from audit.events import Event, record
from foundation.canonical_email import canonical_or_none


def sync_profile(identity: Identity, *, former_name: str) -> None:
    """Copy changes of an identity to its account. Without changes no statement is executed.

    Call this in the transaction of the sign-in, which has locked the identity. A disconnection locks the account and
    waits for the identity, so waiting for the account here would deadlock. If it is locked, this does nothing, and the
    next sign-in copies the changes.
    """
    user = identity.user
    if not _changed_fields(user, identity, former_name):
        return
    held = User.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=user.pk).first()
    if held is None:
        return
    before, news = held.email, _changed_fields(held, identity, former_name)
    if not _save(held, news):
        news = {name: value for name, value in news.items() if name == "name"}
        _save(held, news)
    for name, value in news.items():
        setattr(user, name, value)
    if news.get("email_verified"):
        record(Event.EMAIL_CHANGED, person=user, personal={"before": before, "after": user.email})


def _changed_fields(user: User, identity: Identity, former_name: str) -> dict[str, Any]:
    news: dict[str, Any] = {}
    is_theirs = not user.name_set_here and user.name in {"", former_name}
    if identity.name and identity.name != user.name and is_theirs:
        news["name"] = identity.name
    if identity.email and not user.email:
        news |= {"email": identity.email, "email_verified": identity.email_verified}
    elif identity.email_verified and not user.email_verified and _is_same(identity.email, user.email or ""):
        news["email_verified"] = True
    return news


def _save(user: User, news: dict[str, Any]) -> bool:
    """Save the changes and return whether that succeeded: another account may have verified the same address."""
    before = {name: getattr(user, name) for name in news}
    for name, value in news.items():
        setattr(user, name, value)
    try:
        with transaction.atomic():
            if news:
                user.save(update_fields=list(news))
    except IntegrityError:
        for name, value in before.items():
            setattr(user, name, value)
        return False
    return True


def _is_same(email: str, other: str) -> bool:
    """Return whether both addresses have the same canonical form (ADR 27)."""
    form = canonical_or_none(email)
    return form is not None and form == canonical_or_none(other)
