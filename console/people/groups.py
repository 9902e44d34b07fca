"""Django's groups in the admin: who is in one has its rights everywhere."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.models import Group

from console.reauthentication import ReauthenticationFirst

admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(ReauthenticationFirst, DjangoGroupAdmin):
    """For superusers, as everything whose admin does not say what of it is a tenant's."""
