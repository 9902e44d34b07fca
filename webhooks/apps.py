"""Django's entry to the webhooks."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WebhooksConfig(AppConfig):
    name = "webhooks"
    verbose_name = _("Webhooks")

    def ready(self) -> None:
        import_module("webhooks.encrypted")
        import_module("webhooks.personal_data")
