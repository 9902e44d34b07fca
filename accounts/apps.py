"""Django's entry to the accounts."""

from importlib import import_module

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        import_module("accounts.receivers")
        import_module("accounts.tenancy.checks")
        roles = import_module("accounts.roles")
        post_migrate.connect(roles.provide, sender=apps.get_app_config("audit"))  # it is the last to be migrated
        import_module("accounts.mailing.checks")
        import_module("accounts.checks")
        import_module("accounts.purging.tables")
        import_module("accounts.encrypted")
        import_module("accounts.cut_off.own")
        import_module("accounts.privacy.said")
        import_module("accounts.privacy.checks")
