"""Changing the name that an account shows: to one that its owner says, or back to one that a provider tells."""

from django.db import transaction

from accounts.models import Identity, User
from foundation.display_names import LONGEST_NAME, clean_name, on_one_line


class NoName(Exception):
    """Nothing is left of the name once what is invisible is gone, or it is too long. Nothing was changed."""


def set_name(user: User, name: str) -> None:
    """Show this name, which no provider changes from now on. Raises NoName."""
    name = on_one_line(name)
    if not 0 < len(name) <= LONGEST_NAME:
        raise NoName
    _write(user, name, set_here=True)


def follow_provider(user: User, identity: Identity) -> None:
    """Show the name that an identity's provider tells, and follow it from now on. Raises NoName where it tells none."""
    name = clean_name(identity.name)
    if not name:
        raise NoName
    _write(user, name, set_here=False)


def _write(user: User, name: str, *, set_here: bool) -> None:
    """Write nothing but the name: the rest of the account may have changed since ``user`` was read."""
    with transaction.atomic():
        held = User.objects.select_for_update(no_key=True).filter(pk=user.pk).first()
        if held is not None and (held.name, held.name_set_here) != (name, set_here):
            held.name, held.name_set_here = name, set_here
            held.save(update_fields=["name", "name_set_here"])
