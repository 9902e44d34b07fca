"""What a provider tells after the first sign-in reaches the account: a first address, its verification, a new name.

What the person or an administrator has set here stays: an address of theirs is never replaced, and a name only where
it is the one that the provider gave before, and nobody has set it here (``User.name_set_here``).
"""

from typing import Any

from django.db import IntegrityError, transaction

from accounts.models import Identity, User
from audit.events import Event, record
from foundation.canonical_email import canonical_or_none


def sync_profile(identity: Identity, *, former_name: str) -> None:
    """Let the account of an identity know what is new. Nothing new, no statement.

    Call it in the transaction of the sign-in, which holds the identity. Whoever disconnects it holds the account and
    waits for the identity: so an account that is held by somebody is not waited for, and learns at the next sign-in.
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
    """Write the news. Returns whether they could be: another account may have verified the address."""
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
    """Whether both are the same mailbox (ADR 27)."""
    form = canonical_or_none(email)
    return form is not None and form == canonical_or_none(other)
