"""The Django app of the providers."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from accounts.sign_in.provider_names import NAMES, SAYS_WHEN


class ProvidersConfig(AppConfig):
    name = "providers"
    verbose_name = _("Providers")

    def ready(self) -> None:
        import_module("providers.revocation.acts")
        registry = import_module("providers.registry")  # not at module level: it imports models
        for provider in registry.enabled().values():
            NAMES[provider.id], SAYS_WHEN[provider.id] = provider.name, provider.says_when
