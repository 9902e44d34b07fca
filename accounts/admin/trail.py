"""The trail in the admin, each tenant its own part of it."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.admin_scope import Scoped, actor
from audit.admin import EntryAdmin
from audit.models import Entry

admin.site.unregister(Entry)


@admin.register(Entry)
class TrailAdmin(Scoped[Entry], EntryAdmin):
    def scoped(self, request: HttpRequest, queryset: QuerySet[Entry]) -> QuerySet[Entry]:
        standing = actor(request).standing
        return queryset.filter(tenant_id=str(standing.tenant_id)) if standing else queryset.none()
