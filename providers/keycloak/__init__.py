"""Keycloak: OpenID Connect with mozilla-django-oidc, whose unsafe steps we replace."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Unpack

from django.utils.translation import gettext_lazy as _

from accounts.sign_in.provider_names import SaysWhen
from providers.base import AdditionalClaims, ProviderRegistration
from providers.flow import Flow
from providers.identity import ExternalIdentity
from providers.keycloak.backend import KeycloakBackend
from providers.openid import OpenIDProvider
from providers.page_texts import Text
from providers.refusal import SignInRefused, log_unreadable_claims
from providers.tokens import Tokens
from providers.verification import verify_access_token

NAME = "Keycloak"
CHOOSING = {"prompt": "login"}  # Keycloak has no account chooser; its login page offers to restart


@dataclass(kw_only=True)
class KeycloakProvider(OpenIDProvider):
    """One realm of a Keycloak server. Each realm is an issuer."""

    how_to_choose: ClassVar[Text] = _(
        "If it still shows the account that you do not want, press “Restart login” there."
    )

    def identify(self, code: str, flow: Flow) -> ExternalIdentity:
        return KeycloakBackend(self).identify(code, flow)

    def more_claims(self, claims: Mapping[str, Any], tokens: Tokens, wanted: frozenset[str]) -> AdditionalClaims:
        """Read the access token, where Keycloak puts roles unless a mapper is configured otherwise (ADR 11).

        We already have it and it is signed with the same keys, so this takes no request. Userinfo would take one, and
        by default contains neither realm nor client roles. An object in the ID token may be incomplete (with the roles
        of one client, while those of another are in the access token), so objects are looked up here too and merged.
        """
        missing = {name for name in wanted if isinstance(claims.get(name, {}), Mapping)}
        if not missing:
            return AdditionalClaims()
        try:
            found = verify_access_token(
                tokens.access_token, issuer=self.issuer, client_id=self.client.id, subject=claims["sub"]
            )
        except SignInRefused as refused:
            log_unreadable_claims(self.id, missing, refused)
            return AdditionalClaims(unreadable=frozenset(missing))
        return AdditionalClaims(claims={name: found[name] for name in missing if name in found})


def provider(settings: Mapping[str, Any], **registration: Unpack[ProviderRegistration]) -> KeycloakProvider:
    return KeycloakProvider(
        issuer_url=settings["issuer"],
        signing_algorithms=frozenset(settings["signing_algorithms"]),
        choosing=CHOOSING,
        says_when=SaysWhen.ALWAYS,
        offline_scopes=("offline_access",),
        acr_values=tuple(settings["acr_values"]),
        **registration,
    )
