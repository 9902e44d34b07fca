"""Everything that is kept about one person, as one JSON document, written row by row."""

import json
from collections.abc import Iterator
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model, Q
from django.utils import timezone

from accounts.mailing import notices
from accounts.mailing.notices import Notice
from accounts.models import User
from accounts.privacy.registry import columns, personal_data, rows_about
from audit.context import ActorKind, current
from audit.events import Event, record
from audit.models import Entry
from audit.serialization import serialize
from foundation.declarations import PersonalData
from tenancy import site_context

CHUNK = 500  # rows in memory


def begin(person: User) -> None:
    """Say that it was asked for, before the first byte goes out."""
    record(Event.PERSON_EXPORTED, person=person, object=person)
    who = current().who()
    is_own = who is not None and (who.kind, who.id) == (ActorKind.PERSON, str(person.pk))
    notices.notify(person, Notice.DATA_EXPORTED if is_own else Notice.DATA_GIVEN_OUT)


def export(person: User) -> Iterator[str]:
    """Write the document. Secrets are not in it, and neither is what the trail holds of others.

    It opens a context of its own: rows of several tenants are one person's.
    """
    with site_context("everything that is kept about one person is given out to whom it was asked for"):
        yield f'{{"person": {_json(person.pk)},\n"made_at": {_json(timezone.now())},\n"kept": {{'
        for number, (model, data) in enumerate(personal_data()):
            yield f"{',' if number else ''}\n{_json(model._meta.label)}: "
            yield from _array(_rows(model, data, person))
        yield '},\n"trail": '
        yield from _array(_entries(person))
        yield "}\n"


def _rows(model: type[Model], data: PersonalData, person: User) -> Iterator[dict[str, Any]]:
    """The model's base manager knows no scope: the declaration alone says whose rows these are."""
    found = model._base_manager.filter(rows_about(person, data)).order_by("pk")  # noqa: SLF001  # Django's own name for it
    names = {field.column: field.attname for field in model._meta.concrete_fields}
    wanted = {column: names[column] for column in columns(model, data)} | dict(data.also)
    for values in found.values_list(*wanted.values()).iterator(chunk_size=CHUNK):
        yield dict(zip(wanted, values, strict=True))


def _entries(person: User) -> Iterator[dict[str, Any]]:
    """What is about the person, and what they did."""
    own = str(person.pk)
    did = Q(actor_kind=ActorKind.PERSON, actor_id=own) | Q(behind_kind=ActorKind.PERSON, behind_id=own)
    entries = Entry.objects.filter(Q(person=own) | did)
    for entry in entries.select_related("personal").order_by("id").iterator(chunk_size=CHUNK):
        yield serialize(entry) | {"personal": _personal(entry, own)}


def _personal(entry: Entry, person: str) -> dict[str, Any] | None:
    """The values that are the person's own: of what they did to others, only where they did it from."""
    if not hasattr(entry, "personal"):
        return None
    values: dict[str, Any] = {}
    if entry.person == person:
        values |= {"before": entry.personal.before, "after": entry.personal.after}
    who = entry.behind or entry.actor
    if who.kind is not ActorKind.PERSON or who.id == person:
        values |= {"address": entry.personal.address, "browser": entry.personal.user_agent}
    return values


def _array(items: Iterator[dict[str, Any]]) -> Iterator[str]:
    before = "[\n"
    for item in items:
        yield before + _json(item)
        before = ",\n"
    yield "[]" if before == "[\n" else "\n]"


def _json(value: object) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
