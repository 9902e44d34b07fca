"""The personal data of one person as one JSON document, written row by row."""

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
    """Record the export and notify the person, before the first byte is sent."""
    record(Event.PERSON_EXPORTED, person=person, object=person)
    who = current().who()
    is_own = who is not None and (who.kind, who.id) == (ActorKind.PERSON, str(person.pk))
    notices.notify(person, Notice.DATA_EXPORTED if is_own else Notice.DATA_GIVEN_OUT)


def export(person: User) -> Iterator[str]:
    """Yield the document, in parts. It contains no secrets and no personal values of others from the trail.

    It opens the site's context, because one person's rows may be in several tenants.
    """
    with site_context("the personal data of one person is exported, whatever its tenant"):
        yield f'{{"person": {_json(person.pk)},\n"made_at": {_json(timezone.now())},\n"kept": {{'
        for number, (model, data) in enumerate(personal_data()):
            yield f"{',' if number else ''}\n{_json(model._meta.label)}: "
            yield from _array(_rows(model, data, person))
        yield '},\n"trail": '
        yield from _array(_entries(person))
        yield "}\n"


def _rows(model: type[Model], data: PersonalData, person: User) -> Iterator[dict[str, Any]]:
    """Use the base manager, which applies no scope: the declaration alone selects the rows."""
    found = model._base_manager.filter(rows_about(person, data)).order_by("pk")  # noqa: SLF001  # Django's own name for it
    names = {field.column: field.attname for field in model._meta.concrete_fields}
    wanted = {column: names[column] for column in columns(model, data)} | dict(data.also)
    for values in found.values_list(*wanted.values()).iterator(chunk_size=CHUNK):
        yield dict(zip(wanted, values, strict=True))


def _entries(person: User) -> Iterator[dict[str, Any]]:
    """The entries about the person, and those of what they did."""
    own = str(person.pk)
    did = Q(actor_kind=ActorKind.PERSON, actor_id=own) | Q(behind_kind=ActorKind.PERSON, behind_id=own)
    entries = Entry.objects.filter(Q(person=own) | did)
    for entry in entries.select_related("personal").order_by("id").iterator(chunk_size=CHUNK):
        yield serialize(entry) | {"personal": _personal(entry, own)}


def _personal(entry: Entry, person: str) -> dict[str, Any] | None:
    """The person's own values; of acts on other people only the IP address and the browser."""
    if not hasattr(entry, "personal"):
        return None
    values: dict[str, Any] = {}
    if entry.person == person:
        values |= {"before": entry.personal.before, "after": entry.personal.after}
    who = entry.behind or entry.actor
    if who.kind is not ActorKind.PERSON or who.id == person:
        values |= {"ip_address": entry.personal.ip_address, "browser": entry.personal.user_agent}
    return values


def _array(items: Iterator[dict[str, Any]]) -> Iterator[str]:
    before = "[\n"
    for item in items:
        yield before + _json(item)
        before = ",\n"
    yield "[]" if before == "[\n" else "\n]"


def _json(value: object) -> str:
    return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
