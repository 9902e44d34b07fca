"""Keycloak: OpenID Connect driven by mozilla-django-oidc, whose unsafe steps are ours."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.utils.translation import gettext_lazy as _

from accounts.sign_in.provider_names import SaysWhen
from providers.base import AdditionalClaims, ClientCredentials
from providers.flow import Flow
from providers.identity import ExternalIdentity
from providers.keycloak.backend import KeycloakBackend
from providers.openid import OpenIDProvider
from providers.page_texts import Text
from providers.refusal import SignInRefused, log_unreadable_claims
from providers.tokens import Tokens
from providers.verification import verify_access_token

CHOOSING = {"prompt": "login"}  # Keycloak has no page to choose an account on; this one leads on to another


@dataclass(kw_only=True)
class KeycloakProvider(OpenIDProvider):
    """One realm, which is an issuer."""

    how_to_choose: ClassVar[Text] = _(
        "If it still shows the account that you do not want, press “Restart login” there."
    )

    def identify(self, code: str, flow: Flow) -> ExternalIdentity:
        return KeycloakBackend(self).identify(code, flow)

    def more_claims(self, claims: Mapping[str, Any], tokens: Tokens, wanted: frozenset[str]) -> AdditionalClaims:
        """Look into the access token, where Keycloak puts roles unless a mapper says otherwise (ADR 11).

        It is here already and signed by the same keys, so this costs no call, while userinfo would: and neither
        realm nor client roles are in that by default. An object in the ID token may lack what a rule's path goes on to
        (the roles of one client stand there, those of another here), so what is beneath it is looked for as well.
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


def provider(client: ClientCredentials, settings: Mapping[str, Any]) -> KeycloakProvider:
    return KeycloakProvider(
        id="keycloak",
        name="Keycloak",
        client=client,
        issuer_url=settings["issuer"],
        signing_algorithms=frozenset(settings["signing_algorithms"]),
        choosing=CHOOSING,
        says_when=SaysWhen.ALWAYS,
        offline_scopes=("offline_access",),
        acr_values=tuple(settings["acr_values"]),
    )
