"""The app of the auth server."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuthServerConfig(AppConfig):
    name = "authserver"
    verbose_name = _("Apps")
