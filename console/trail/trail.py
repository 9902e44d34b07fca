"""The trail in the admin. Each tenant's administrators see the entries of their tenant."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from accounts.people import trail
from accounts.sign_in.provider_names import name_of
from audit.models import Entry
from audit.reading.filters import TrailFilterForm
from audit.reading.search import Condition
from console.lists.export import ExportAdmin
from console.scope import Scoped, actor
from console.trail.entries import EntryAdmin
from console.trail.restoring import RestoreAdmin
from console.trail.retention import RetentionAdmin

admin.site.unregister(Entry)


@admin.register(Entry)
class TrailAdmin(ExportAdmin, RestoreAdmin, RetentionAdmin, Scoped[Entry], EntryAdmin):
    """The ModelAdmin of the trail. Its exports omit personal values, because an erasure cannot reach a file."""

    export_columns: ClassVar[Mapping[str, str]] = {
        name: name
        for name in (
            "id",
            "at",
            "source",
            "action",
            "actor_kind",
            "actor_id",
            "behind_kind",
            "behind_id",
            "object_table",
            "object_id",
            "person",
            "tenant_id",
            "request_id",
            "batch_id",
            "reason",
            "before",
            "after",
            "details",
        )
    }

    def get_urls(self) -> list[URLPattern]:
        restore = self.admin_site.admin_view(self.restore_view)
        retention = self.admin_site.admin_view(self.retention_view)
        own = [
            path("<int:entry_id>/restore/", restore, name="audit_restore"),
            path("retention/", retention, name="audit_retention"),
        ]
        return [*own, *super().get_urls()]

    def scoped(self, request: HttpRequest, queryset: QuerySet[Entry]) -> QuerySet[Entry]:
        return queryset.filter(*(condition.where for condition in self.scope(request)))

    def scope(self, request: HttpRequest) -> Sequence[Condition]:
        return trail.scope_of(actor(request))

    def get_filters_form(self, request: HttpRequest) -> TrailFilterForm:
        return trail.filter_form(actor(request), request.GET)

    def provider_name(self, provider: str) -> str:
        return name_of(provider) if provider else ""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        return EntryAdmin.history_view(self, request, object_id, extra_context)
