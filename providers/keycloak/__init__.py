"""Keycloak: OpenID Connect driven by mozilla-django-oidc, whose unsafe steps are ours."""

from collections.abc import Mapping
from dataclasses import dataclass

from providers.base import Client, OpenIDProvider
from providers.flow import Flow
from providers.identity import ExternalIdentity
from providers.keycloak.backend import KeycloakBackend


@dataclass(kw_only=True)
class KeycloakProvider(OpenIDProvider):
    """One realm, which is an issuer."""

    def identify(self, code: str, flow: Flow) -> ExternalIdentity:
        return KeycloakBackend(self).identify(code, flow)


def provider(client: Client, settings: Mapping[str, str]) -> KeycloakProvider:
    return KeycloakProvider(id="keycloak", name="Keycloak", client=client, issuer_url=settings["issuer"])
