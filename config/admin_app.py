"""Django admin with the door of this house."""

from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AdminConfig(DjangoAdminConfig):
    default_site = "console.sign_in.AdminSite"
