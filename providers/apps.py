"""The Django app of the providers."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from accounts.sign_in.provider_names import NAMES, OWNERS, SAYS_WHEN, ProviderFacts, SaysWhen, set_connections


class ProvidersConfig(AppConfig):
    name = "providers"
    verbose_name = _("Providers")

    def ready(self) -> None:
        import_module("providers.revocation.acts")
        registry = import_module("providers.registry")  # not at module level: it imports models
        OWNERS.find = registry.tenant_of
        for provider in registry.of_environment().values():
            NAMES[provider.id], SAYS_WHEN[provider.id] = provider.name, provider.says_when

        def facts_of(provider_id: str) -> ProviderFacts | None:
            found, name = registry.find(provider_id), registry.name_of(provider_id)
            return ProviderFacts(name=name, says_when=found.says_when if found else SaysWhen.NEVER) if name else None

        set_connections(facts_of)
