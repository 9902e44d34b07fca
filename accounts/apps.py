"""The app configuration of the accounts."""

from importlib import import_module

from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        import_module("tenancy.checks")
        import_module("accounts.sessions.receivers")
        import_module("accounts.organizations.claim_rules.requested_claims")
        roles = import_module("accounts.organizations.roles")
        post_migrate.connect(roles.provide, sender=apps.get_app_config("audit"))  # the last app to be migrated
        import_module("accounts.mailing.checks")
        import_module("accounts.sign_in.checks")
        import_module("accounts.cut_off.credentials").revocables()
        import_module("accounts.privacy.registry").declared()
        import_module("accounts.privacy.checks")
