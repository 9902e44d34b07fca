"""The app of the auth server."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuthServerConfig(AppConfig):
    name = "authserver"
    verbose_name = _("Apps")

    def ready(self) -> None:
        import_module("authserver.logout.ending")
