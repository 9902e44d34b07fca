"""The filters of the trail: a form, and its translation into conditions for the database."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.fields.json import KeyTextTransform
from django.db.models.lookups import Exact
from django.forms.utils import flatatt
from django.utils import timezone
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy as _

from audit.events import events
from audit.models import Personal, Source
from audit.reading import labels
from audit.reading.search import Condition, Question
from audit.tallies import SLACK, first_id
from foundation import references

Names = Callable[[str], str | None]  # resolves a name to an id, if the reader may know it
DAY = timedelta(days=1)
DAYS = (MinValueValidator(date.min + DAY), MaxValueValidator(date.max - DAY))  # we look a little before and after


class PlainSelect(forms.Select):
    """A select that is rendered without templates. Django renders a template for each option."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        chosen = "" if value is None else str(value)
        within = flatatt({"name": name, **self.build_attrs(self.attrs, attrs)})
        options = "".join(_written(value, label, chosen) for value, label in self.choices)
        return mark_safe(f"<select{within}>{options}</select>")  # noqa: S308  # each part is escaped


def _written(value: Any, label: Any, chosen: str) -> str:
    if isinstance(label, list | tuple):  # an option group; the value is its name
        inner = "".join(_written(inner_value, inner_label, chosen) for inner_value, inner_label in label)
        return f'<optgroup label="{escape(value)}">{inner}</optgroup>'
    is_chosen = " selected" if str(value) == chosen else ""
    return f'<option value="{escape(value)}"{is_chosen}>{escape(label)}</option>'


class TrailFilterForm(forms.Form):
    """The filters of the trail. An empty field does not filter."""

    q = forms.CharField(label=_("Reference, or any id"), required=False)
    actor = forms.CharField(label=_("Actor"), required=False)
    person = forms.CharField(label=_("Person concerned"), required=False)
    action = forms.ChoiceField(
        label=_("What happened"),
        required=False,
        widget=PlainSelect,
        choices=lambda: [("", _("Anything")), *labels.actions()],
    )
    table = forms.ChoiceField(
        label=_("Kind of object"),
        required=False,
        widget=PlainSelect,
        choices=lambda: [("", _("Any")), *labels.kinds_of_objects()],
    )
    object = forms.CharField(label=_("Object"), required=False)
    since = forms.DateField(label=_("From"), required=False, validators=DAYS)
    until = forms.DateField(label=_("To"), required=False, validators=DAYS)
    tenant = forms.CharField(label=_("Tenant"), required=False)
    source = forms.ChoiceField(
        label=_("Source"), required=False, widget=PlainSelect, choices=[("", _("Any")), *Source.choices]
    )
    request = forms.UUIDField(label=_("Request"), required=False)
    batch = forms.UUIDField(label=_("Batch"), required=False)
    ip_address = forms.GenericIPAddressField(label=_("IP address"), required=False)

    names: ClassVar[Mapping[str, Names]] = {}
    without: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.without:
            del self.fields[name]
        for name in ("since", "until"):
            self.fields[name].widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name, resolve in self.names.items():
            if called := cleaned.get(name, "").strip():
                cleaned[name] = resolve(called) or called
        since, until = cleaned.get("since"), cleaned.get("until")
        if since and until and until < since:
            self.add_error("until", _("This day lies before the first one."))
        return cleaned

    @property
    def is_narrowed(self) -> bool:
        return self.is_valid() and any(self.cleaned_data.values())

    def question(self) -> Question:
        values = {name: value for name, value in self.cleaned_data.items() if value}
        return Question(
            conditions=list(_conditions(values)),
            alternatives=_anywhere(values["q"].strip()) if "q" in values else (),
            within=_within(values.get("since"), values.get("until")),
        )


def _conditions(values: Mapping[str, Any]) -> Iterator[Condition]:
    if "object" in values:
        of_table = {"object_table": values["table"]} if "table" in values else {}
        yield Condition(where=Q(object_id=values["object"], **of_table))
    elif "table" in values:
        yield Condition(where=Q(object_table=values["table"]))
    for name, column in {"actor": "actor_id", "person": "person", "tenant": "tenant_id"}.items():
        if name in values:
            yield Condition(where=Q(**{column: values[name]}))
    for name in ("request", "batch"):
        if name in values:
            yield Condition(where=Q(**{f"{name}_id": values[name]}))
    if "action" in values:
        yield of_action(values["action"])
    if "source" in values:
        yield Condition(where=Q(source=values["source"]), is_indexed=False)
    if "ip_address" in values:
        yield _from_address(values["ip_address"])


def of_action(action: str) -> Condition:
    if action in events():
        return Condition(where=Q(source=Source.EVENT, action=action))  # the source makes the index usable
    return Condition(where=Q(action=action), is_indexed=False)


def _from_address(ip: str) -> Condition:
    beside = Personal.objects.filter(entry_id=OuterRef("pk"), at=OuterRef("at"), ip_address=ip)
    return Condition(where=Q(personal__ip_address=ip, personal__at=F("at")), fits=Exists(beside))


def _anywhere(term: str) -> list[Condition]:
    """Search for a whole id, or a reference in any spelling, in all columns that may contain it. Each has an index."""
    found = [Condition(where=Q(**{column: term})) for column in ("object_id", "person", "actor_id")]
    if meant := references.read(term):
        found.append(Condition(where=of_reference(meant)))
    try:
        whole = forms.UUIDField().to_python(term)
    except forms.ValidationError:
        return found
    return [*found, *(Condition(where=Q(**{column: whole})) for column in ("request_id", "batch_id"))]


def of_reference(meant: str) -> Q:
    """Return the condition for entries with a reference. PostgreSQL uses their partial index only with both parts."""
    return Q(Exact(KeyTextTransform("reference", "details"), meant), details__has_key="reference")


def _within(since: date | None, until: date | None) -> Q:
    """Return the condition for whole days in the site's time zone.

    It limits the ids, because only they have an index, and the times, by which the table is partitioned.
    """
    within = Q()
    if since:
        begin = _midnight(since)
        within &= Q(at__gte=begin, id__gte=first_id(begin - SLACK))
    if until:
        end = _midnight(until + DAY)
        within &= Q(at__lt=end)
        if end + SLACK < timezone.now():
            within &= Q(id__lt=first_id(end + SLACK))
    return within


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
