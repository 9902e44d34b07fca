"""Changes of accounts by administrators: what they end, whom they notify, and the rights that hold in all tenants."""

from collections.abc import Collection
from dataclasses import dataclass

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from accounts.cut_off import revoke_all
from accounts.mailing import notices
from accounts.mailing.notices import Notice
from accounts.models import User
from accounts.organizations import delegation
from accounts.sessions import SessionRevocationReason, revoke_others
from foundation.declarations import RevocationReason

SIGN_IN_FIELDS = ("second_factor_required", "username", "password")
ADDRESS = ("email", "email_verified")
POWERS = ("is_staff", "is_superuser")
SETS_OF_POWERS = ("groups", "user_permissions")
RIGHTS = (*POWERS, *SETS_OF_POWERS)


class LastSuperuser(Exception):
    """Nobody could administer the site any more. Nothing was changed."""


@dataclass(frozen=True, kw_only=True)
class SiteRights:
    """The rights of a person that hold in all tenants."""

    is_staff: bool
    is_superuser: bool
    groups: Collection[Group]
    user_permissions: Collection[Permission]


def set_rights(user: User, rights: SiteRights, *, keep: str | None = None) -> list[str]:
    """Replace a person's rights everywhere, and return which of them changed. Raises LastSuperuser.

    ``keep`` is the key of the session in which they change their own.
    """
    with transaction.atomic():
        person = User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if not rights.is_superuser and delegation.is_last_superuser(person):
            raise LastSuperuser
        changed = [name for name in POWERS if getattr(person, name) != getattr(rights, name)]
        gives = any(getattr(rights, name) for name in changed)
        for name in changed:
            setattr(person, name, getattr(rights, name))
        if changed:
            person.save(update_fields=changed)
        for name in SETS_OF_POWERS:
            before, wanted = {row.pk for row in getattr(person, name).all()}, {row.pk for row in getattr(rights, name)}
            if before != wanted:
                getattr(person, name).set(wanted)
                changed.append(name)
                gives = gives or bool(wanted - before)
        follow_up(person, changed, gives_rights=gives, keep=keep)
    return changed


def follow_up(user: User, changed: Collection[str], *, gives_rights: bool, keep: str | None) -> None:
    """Revoke what a change of an account must end, and notify its owner, in the transaction that saved it.

    After a deactivation that is every credential, and after a change of rights or of the email address all sessions but
    ``keep``: a person who reads the former mailbox may have one, reauthenticated with a code mailed there.
    """
    names = set(changed)
    if "is_active" in names and not user.is_active:
        revoke_all([user.pk], reason=RevocationReason.DEACTIVATED)
    elif names & {*RIGHTS, *SIGN_IN_FIELDS}:
        revoke_others(user, keep=keep, reason=SessionRevocationReason.ROLE_CHANGED)
    elif names & {*ADDRESS}:
        revoke_others(user, keep=keep, reason=SessionRevocationReason.EMAIL_CHANGED)
    if "is_active" in names:
        notices.notify(user, Notice.REACTIVATED if user.is_active else Notice.DEACTIVATED)
    if gives_rights:
        notices.notify(user, Notice.SITE_RIGHTS_GIVEN)
