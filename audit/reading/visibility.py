"""What a reader may see besides the entries themselves: names of people and objects, and personal values.

The admin decides: a reader may see the rows that the ModelAdmin of a model shows them. Rows are fetched together, with
one query per model and page.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse

from audit.context import ActorKind
from audit.models import Entry
from audit.reading import labels

SHORT = 8  # characters of a long id that are shown


@dataclass(frozen=True, kw_only=True)
class ObjectReference:
    """The name of an object if the reader may know it, otherwise the beginning of its id, and the URL of its page."""

    text: str
    id: str = ""
    url: str = ""
    kind: str = ""

    @property
    def is_short(self) -> bool:
        return self.text != self.id and self.id.startswith(self.text.removesuffix("…"))


def short(key: str) -> str:
    return f"{key[:SHORT]}…" if len(key) > SHORT + 4 else key


@dataclass
class Visibility:
    request: HttpRequest
    site: admin.AdminSite = field(default_factory=lambda: admin.site)
    _known: dict[type[Model], dict[str, Model]] = field(default_factory=dict)
    _named: dict[tuple[type[Model], str], ObjectReference] = field(default_factory=dict)
    _lists: dict[type[Model], str] = field(default_factory=dict)
    _wanted: dict[type[Model], set[str]] = field(default_factory=lambda: defaultdict(set))

    def gather(self, entries: Iterable[Entry], *, values: bool = False) -> None:
        """Note the rows whose names these entries need, so that they are fetched together."""
        for entry in entries:
            if entry.actor_kind == ActorKind.PERSON:
                self._want(get_user_model(), entry.actor_id)
            if entry.person:
                self._want(get_user_model(), entry.person)
            model = labels.model_of(entry.object_table)
            if model and entry.object_id:
                self._want(model, entry.object_id)
            for column, value in self._references(entry) if values else ():
                related = getattr(labels.field_of(model, column), "related_model", None)
                if related:
                    self._want(related, str(value))

    def know(self, *rows: Model) -> None:
        """Add rows that the page shows anyway, so that they are not fetched again."""
        for row in rows:
            self._known.setdefault(row._meta.concrete_model or type(row), {})[str(row.pk)] = row

    def actor(self, entry: Entry) -> ObjectReference:
        if entry.actor_kind == ActorKind.PERSON:
            return self.named(get_user_model(), entry.actor_id)
        return ObjectReference(
            text=entry.actor_id, id=entry.actor_id, kind=str(labels.ACTORS[ActorKind(entry.actor_kind)])
        )

    def behind(self, entry: Entry) -> ObjectReference | None:
        """Return who impersonates the actor, or on whose behalf a service acts."""
        if not entry.behind_kind or not entry.behind_id:
            return None
        if entry.behind_kind == ActorKind.PERSON:
            return self.named(get_user_model(), entry.behind_id)
        return ObjectReference(
            text=entry.behind_id, id=entry.behind_id, kind=str(labels.ACTORS[ActorKind(entry.behind_kind)])
        )

    def person(self, entry: Entry) -> ObjectReference | None:
        return self.named(get_user_model(), entry.person) if entry.person else None

    def object(self, entry: Entry) -> ObjectReference | None:
        if not entry.object_table:
            return None
        model, key = labels.model_of(entry.object_table), entry.object_id or ""
        return (
            self.named(model, key)
            if model
            else ObjectReference(text=short(key), id=key, kind=labels.readable(entry.object_table))
        )

    def named(self, model: type[Model], key: str) -> ObjectReference:
        if (model, key) not in self._named:
            self._named[model, key] = self._name(model, key)
        return self._named[model, key]

    def _name(self, model: type[Model], key: str) -> ObjectReference:
        kind = labels.name_of_model(model)
        row = None if model._meta.auto_created else self.row(model, key)  # join tables have no names of their own
        if row is None:
            return ObjectReference(text=short(key), id=key, kind=kind)
        return ObjectReference(text=str(row) or short(key), id=key, kind=kind, url=self._url(row))

    def row(self, model: type[Model], key: str) -> Model | None:
        """Return the row as it is now, if there is one and the reader may see it."""
        concrete = model._meta.concrete_model or model
        if key not in self._known.get(concrete, {}):
            self._want(concrete, key)
            self._look_up(concrete)
        return self._known.get(concrete, {}).get(key)

    def may_see_personal(self, entry: Entry) -> bool:
        """Whether the reader may see personal values: they belong to the person concerned, whom the admin must show."""
        if entry.person is None or self._sees_everything:
            return True
        return self.row(get_user_model(), entry.person) is not None

    def may_see_whereabouts(self, entry: Entry) -> bool:
        """Whether the reader may see IP address and browser, which belong to the actor and to the person concerned."""
        if entry.actor_kind != ActorKind.PERSON or self._sees_everything:
            return self.may_see_personal(entry)
        return self.row(get_user_model(), entry.actor_id) is not None and self.may_see_personal(entry)

    def admin_of(self, model: type[Model]) -> "admin.ModelAdmin[Any] | None":
        return self.site._registry.get(model)  # noqa: SLF001  # Django's registry

    @property
    def _sees_everything(self) -> bool:
        return self.request.user.is_superuser

    def _references(self, entry: Entry) -> Iterable[tuple[str, Any]]:
        for values in (entry.before, entry.after):
            yield from ((column, value) for column, value in (values or {}).items() if value is not None)

    def _want(self, model: type[Model], key: str) -> None:
        concrete = model._meta.concrete_model or model
        if key not in self._known.get(concrete, {}):
            self._wanted[concrete].add(key)

    def _look_up(self, model: type[Model]) -> None:
        """Fetch all noted rows of a model. Those that are not found count as not visible."""
        wanted = self._wanted.pop(model, set())
        found = self._known.setdefault(model, {})
        keys = {key: value for key in wanted if (value := _key(model, key)) is not None}
        rows = self._rows(model)
        if rows is not None and keys:
            by_key = {str(row.pk): row for row in rows.filter(pk__in=keys.values())}
            found.update({key: by_key[str(value)] for key, value in keys.items() if str(value) in by_key})
        for key in wanted - found.keys():
            found[key] = None  # type: ignore[assignment]  # looked up and not found

    def _rows(self, model: type[Model]) -> QuerySet[Any] | None:
        model_admin = self.admin_of(model)
        if model_admin is None:
            return model._base_manager.all() if self._sees_everything else None  # noqa: SLF001  # any model's own
        if not model_admin.has_view_permission(self.request):
            return None
        rows = model_admin.get_queryset(self.request)
        related = model_admin.list_select_related
        return rows.select_related(*related) if isinstance(related, list | tuple) and related else rows

    def _url(self, row: Model) -> str:
        model_admin = self.admin_of(type(row))
        if model_admin is None or not model_admin.has_view_permission(self.request, row):
            return ""
        return f"{self._list_of(type(row))}{quote(row.pk)}/change/"

    def _list_of(self, model: type[Model]) -> str:
        """Return the URL of a model's change list, under which each row has its page."""
        if model not in self._lists:
            meta = model._meta
            self._lists[model] = reverse(f"{self.site.name}:{meta.app_label}_{meta.model_name}_changelist")
        return self._lists[model]


def _key(model: type[Model], key: str) -> Any:
    """Parse an id from the trail. Composite keys are not supported and give None."""
    if len(model._meta.pk_fields) > 1:
        return None
    try:
        value = model._meta.pk.to_python(key)
    except (ValidationError, ValueError, TypeError):
        return None
    return value if isinstance(value, int | str | UUID) else None
