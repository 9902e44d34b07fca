"""Django's admin with the project's own ``AdminSite``."""

from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class AdminConfig(DjangoAdminConfig):
    default_site = "console.sign_in.AdminSite"
