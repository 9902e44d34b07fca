"""Microsoft Entra ID: OpenID Connect for one tenant, whose address claim proves nothing by itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from providers.base import Client, OpenIDProvider
from providers.identity import ExternalIdentity
from providers.refusal import Reason, SignInRefused


@dataclass(kw_only=True)
class MicrosoftProvider(OpenIDProvider):
    """One tenant. Its issuer ends in ``/<tenant id>/v2.0``, and ``tid`` must say the same."""

    @property
    def tenant(self) -> str:
        return self.issuer_url.removesuffix("/v2.0").rsplit("/", 1)[-1]

    def identity_from(self, claims: Mapping[str, Any]) -> ExternalIdentity:
        if claims.get("tid") != self.tenant:
            raise SignInRefused(Reason.TENANT_WRONG)
        return super().identity_from(claims)

    def vouches_for_address(self, claims: Mapping[str, Any]) -> bool:
        """Any tenant's administrator may write any address into ``email`` (nOAuth, 2023).

        Only ``xms_edov`` says that the address's domain belongs to the tenant.
        """
        return claims.get("xms_edov") is True


def provider(client: Client, settings: Mapping[str, str]) -> MicrosoftProvider:
    return MicrosoftProvider(id="microsoft", name="Microsoft", client=client, issuer_url=settings["issuer"])
