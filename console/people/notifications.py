"""Notices to people about changes that an administrator made to their account in the admin."""

from typing import Any

from accounts.mailing import notices
from accounts.mailing.notices import Notice
from accounts.models import User
from accounts.people.account_changes import POWERS, SETS_OF_POWERS


def notify_former_email(user: User, before: User) -> None:
    """Send a notice about a changed email address to the old one, whose owner would not learn of it otherwise."""
    if before.canonical_email != user.canonical_email:
        notices.notify(user, Notice.EMAIL_SET, before=before)


def gives_rights(form: Any) -> bool:
    """Whether a valid form gives a person a right in all tenants that they did not have."""
    changed = set(form.changed_data)
    if any(name in changed and form.cleaned_data[name] for name in POWERS):
        return True
    return any(name in changed and _is_more(form, name) for name in SETS_OF_POWERS)


def _is_more(form: Any, name: str) -> bool:
    before = {row.pk for row in form.initial.get(name) or ()}
    return bool({row.pk for row in form.cleaned_data[name]} - before)
