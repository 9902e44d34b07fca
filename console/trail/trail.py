"""The trail in the admin. Each tenant's administrators see the entries of their tenant."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path

from accounts.people import search
from accounts.sign_in.provider_names import name_of
from audit.models import Entry
from audit.reading.filters import TrailFilterForm
from audit.reading.search import Condition
from console.lists.export import ExportAdmin
from console.scope import Scoped, actor, people_of
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
        return queryset.filter(_of_tenant(request))

    def scope(self, request: HttpRequest) -> Sequence[Condition]:
        return () if actor(request).is_superuser else (Condition(where=_of_tenant(request)),)

    def get_filters_form(self, request: HttpRequest) -> TrailFilterForm:
        """Return a form that finds people by email address or username, and tenants by name.

        A tenant's administrators have no filter by tenant.
        """

        def person(called: str) -> str | None:
            return search.person_called(people_of(self, request), called)

        names = {"actor": person, "person": person, "tenant": search.tenant_called}
        without = frozenset() if actor(request).is_superuser else frozenset({"tenant"})
        resolvers = {name: resolve for name, resolve in names.items() if name not in without}
        form: type[TrailFilterForm] = type(
            "AskedOfTenants", (self.filters_form,), {"names": resolvers, "without": without}
        )
        return form(request.GET)

    def provider_name(self, provider: str) -> str:
        return name_of(provider) if provider else ""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        return EntryAdmin.history_view(self, request, object_id, extra_context)


def _of_tenant(request: HttpRequest) -> Q:
    membership = actor(request).active_membership
    return Q(tenant_id=str(membership.tenant_id) if membership else "")  # matches nothing: no entry has an empty tenant
