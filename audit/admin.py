"""The trail in the admin: to read, to filter, to follow, never to write."""

import json
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from audit.events import Event
from audit.models import Entry
from audit.paging import KeysetAdmin

CHANGES = [("create", _("created")), ("update", _("changed")), ("delete", _("deleted"))]


class ActionFilter(admin.SimpleListFilter):
    """By a fixed list: asking the trail which actions it holds would read all of it."""

    title = _("action")
    parameter_name = "action"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [*CHANGES, *((event.value, event.value) for event in Event)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Entry]) -> QuerySet[Entry]:
        action = self.value()
        if action in Event.values:
            return queryset.filter(source="event", action=action)  # the source makes its index usable
        return queryset.filter(action=action) if action else queryset


@admin.register(Entry)
class EntryAdmin(KeysetAdmin, admin.ModelAdmin):  # type: ignore[type-arg]  # not generic at run time
    list_display = ["at", "who", "action", "what", "person", "request_id"]
    list_display_links = ["at", "action"]
    list_filter = [ActionFilter, "source"]
    ordering = ["-id"]
    actions = None
    search_fields = ["object_id"]  # any, to be shown the field: get_search_results says what it does
    search_help_text = _("The whole id of an object, a person, an actor, a request or a batch")
    fieldsets = [
        (None, {"fields": ["at", "who", "action", "what", "person", "tenant_id", "source"]}),
        (_("Values"), {"fields": ["values_before_and_after", "event_details", "personal_values"]}),
        (_("Circumstances"), {"fields": ["request_id", "batch_id", "reason", "address", "user_agent", "txid"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Entry]:
        return super().get_queryset(request).select_related("personal")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Entry], search_term: str
    ) -> tuple[QuerySet[Entry], bool]:
        """Whole ids only: each of them has its index."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q(object_id=term) | Q(person=term) | Q(actor_id=term)
        with suppress(ValueError):
            found |= Q(request_id=UUID(term)) | Q(batch_id=UUID(term))
        return queryset.filter(found), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Entry | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Entry | None = None) -> bool:
        return False

    @admin.display(description=_("actor"))
    def who(self, entry: Entry) -> str:
        return str(entry.actor)

    @admin.display(description=_("object"))
    def what(self, entry: Entry) -> str:
        return f"{entry.object_table} {entry.object_id}" if entry.object_table else "-"

    @admin.display(description=_("before and after"))
    def values_before_and_after(self, entry: Entry) -> str:
        return _table(entry.before, entry.after)

    @admin.display(description=_("details"))
    def event_details(self, entry: Entry) -> str:
        return _table(entry.details)

    @admin.display(description=_("personal values"))
    def personal_values(self, entry: Entry) -> str:
        if entry.personal_digest is None:
            return "-"
        if not hasattr(entry, "personal"):
            return str(_("erased"))
        return _table(entry.personal.before, entry.personal.after)

    @admin.display(description=_("address"))
    def address(self, entry: Entry) -> str | None:
        return entry.personal.address if hasattr(entry, "personal") else None

    @admin.display(description=_("browser"))
    def user_agent(self, entry: Entry) -> str | None:
        return entry.personal.user_agent if hasattr(entry, "personal") else None


def _table(*columns: dict[str, Any] | None) -> SafeString | str:
    """A row for each name, a cell for its value in each of the columns that there are."""
    present = [column for column in columns if column]
    names = sorted({name for column in present for name in column})
    rows = (
        (name, format_html_join("", "<td><code>{}</code></td>", ((_readable(c, name),) for c in present)))
        for name in names
    )
    body = format_html_join("", "<tr><th>{}</th>{}</tr>", rows)
    return format_html("<table>{}</table>", body) if names else "-"


def _readable(column: dict[str, Any], name: str) -> str:
    return json.dumps(column[name], ensure_ascii=False) if name in column else ""
