"""Erase a person: their credentials, their account with all of its data, and their personal values in the trail."""

from collections.abc import Iterable
from enum import StrEnum

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model

from accounts.cut_off import revoke_all
from accounts.models import User
from accounts.organizations import delegation
from accounts.privacy.registry import personal_data, rows_about
from audit.erasing import erase as erase_from_trail
from audit.events import Event, record
from foundation.canonical_email import labels_by_spelling
from foundation.declarations import RevocationReason
from tenancy import site_context


class ErasureRefusalReason(StrEnum):
    LAST_SUPERUSER = "last_superuser"
    ONESELF = "oneself"


class ErasureRefused(Exception):
    """This person must not be erased, or not by themselves. Nothing was changed."""

    def __init__(self, reason: ErasureRefusalReason) -> None:
        super().__init__(str(reason))
        self.reason = reason


def check(person: User, *, requested_by: User | None = None) -> None:
    """Raises ErasureRefused."""
    if requested_by is not None and requested_by.pk == person.pk:
        raise ErasureRefused(ErasureRefusalReason.ONESELF)
    if delegation.is_last_superuser(person):
        raise ErasureRefused(ErasureRefusalReason.LAST_SUPERUSER)


def erase(person: User, *, reason: str, requested_by: User | None = None) -> int:
    """Erase a person in one transaction; return how many entries of the trail lost their personal values.

    The trail is searched only for values that are this person's alone: an address that is unverified may be another's.
    The trail comes last, because deleting the rows records their values again. Raises ErasureRefused.
    """
    with site_context("everything about one person is removed, in whatever tenant"):
        user = User.objects.select_for_update(no_key=True).get(pk=person.pk)  # the lock that a cut-off takes
        check(user, requested_by=requested_by)
        revoke_all([user.pk], reason=RevocationReason.ERASED)
        subjects = list(user.identities.values_list("subject", flat=True))
        emails = {user.own_email: labels_by_spelling(user.own_email)} if user.own_email else {}
        objects = _delete_rows(user)
        user.delete()
        return erase_from_trail(person.pk, objects=objects, values=subjects, emails=emails, reason=reason)


def record_refusal(person: User, refused: ErasureRefused) -> None:
    record(Event.PERSON_ERASURE_REFUSED, person=person, object=person, reason=refused.reason.value)


def _delete_rows(user: User) -> dict[str, list[object]]:
    """Delete all of the person's rows but the account; return the keys of all rows including it, by table."""
    objects: dict[str, list[object]] = {}
    for model, data in personal_data():
        found = model._base_manager.filter(rows_about(user, data))  # noqa: SLF001  # Django's own name for it
        keys = list(found.values_list("pk", flat=True))
        if not keys:
            continue
        objects[model._meta.db_table] = keys
        _erase_from_admin_log(model, keys)
        if model is not User:
            found.delete()
    return objects


def _erase_from_admin_log(model: type[Model], keys: Iterable[object]) -> None:
    """Django's admin log stores the names of rows, which are people's names."""
    of_these = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(model), object_id__in=[str(key) for key in keys]
    )
    of_these.update(object_repr="", change_message="")
