"""Django's groups in the admin. Members of a group have its permissions in all tenants."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.models import Group

from console.reauthentication import ReauthenticationFirst

admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(ReauthenticationFirst, DjangoGroupAdmin):
    """For superusers only, like every ModelAdmin that is not ``Scoped`` (``console.site``)."""
