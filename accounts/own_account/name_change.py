"""Change the display name of an account: to one that its owner chose, or back to the one from a provider."""

from django.db import transaction

from accounts.models import Identity, User
from foundation.display_names import LONGEST_NAME, clean_name, on_one_line


class NoName(Exception):
    """The name is empty without its invisible characters, or it is too long. Nothing was changed."""


def set_name(user: User, name: str) -> None:
    """Set this name; providers no longer change it. Raises NoName."""
    name = on_one_line(name)
    if not 0 < len(name) <= LONGEST_NAME:
        raise NoName
    _write(user, name, set_here=True)


def follow_provider(user: User, identity: Identity) -> None:
    """Set the name that this identity's provider sent, and let providers change it again. Raises NoName without one."""
    name = clean_name(identity.name)
    if not name:
        raise NoName
    _write(user, name, set_here=False)


def _write(user: User, name: str, *, set_here: bool) -> None:
    """Write only the name: the rest of the account may have changed since ``user`` was read."""
    with transaction.atomic():
        locked = User.objects.select_for_update(no_key=True).filter(pk=user.pk).first()
        if locked is not None and (locked.name, locked.name_set_here) != (name, set_here):
            locked.name, locked.name_set_here = name, set_here
            locked.save(update_fields=["name", "name_set_here"])
