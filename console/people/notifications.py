"""Notices to people about changes that an administrator made to their account in the admin."""

from typing import Any

from accounts.mailing import notices
from accounts.mailing.notices import Notice
from accounts.models import User

POWERS = ("is_staff", "is_superuser")
SETS_OF_POWERS = ("groups", "user_permissions")


def notify_of_changes(form: Any) -> None:
    """Send notices about a saved form. Call this after everything is saved, in the same transaction."""
    user: User = form.instance
    if "is_active" in form.changed_data:
        notices.notify(user, Notice.REACTIVATED if user.is_active else Notice.DEACTIVATED)
    if _gives_power(form):
        notices.notify(user, Notice.SITE_RIGHTS_GIVEN)


def notify_former_email(user: User, before: User) -> None:
    """Send a notice about a changed email address to the old one, whose owner would not learn of it otherwise."""
    if before.canonical_email != user.canonical_email:
        notices.notify(user, Notice.EMAIL_SET, before=before)


def _gives_power(form: Any) -> bool:
    changed = set(form.changed_data)
    if any(name in changed and form.cleaned_data[name] for name in POWERS):
        return True
    return any(name in changed and _is_more(form, name) for name in SETS_OF_POWERS)


def _is_more(form: Any, name: str) -> bool:
    before = {row.pk for row in form.initial.get(name) or ()}
    return bool({row.pk for row in form.cleaned_data[name]} - before)
