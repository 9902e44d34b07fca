"""Microsoft Entra ID: OpenID Connect for one tenant. Its ``email`` claim alone proves nothing."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Unpack

from accounts.sign_in.provider_names import SaysWhen
from providers.base import AdditionalClaims, ProviderRegistration
from providers.identity import ExternalIdentity
from providers.microsoft.graph import groups_of
from providers.openid import OpenIDProvider
from providers.refusal import RefusalReason, SignInRefused, log_unreadable_claims
from providers.tokens import Tokens

NAME = "Microsoft"
GROUPS = "groups"


@dataclass(kw_only=True)
class MicrosoftProvider(OpenIDProvider):
    """One tenant. Its issuer ends in ``/<tenant id>/v2.0`` or ``/<tenant id>/``, and ``tid`` must match.

    ``graph_url`` is where Microsoft Graph lists groups that do not fit into a token. Discovery does not contain it.
    """

    graph_url: str

    @property
    def tenant(self) -> str:
        return self.issuer_url.removesuffix("/").removesuffix("/v2.0").rsplit("/", 1)[-1]

    def identity_from(self, claims: Mapping[str, Any]) -> ExternalIdentity:
        if claims.get("tid") != self.tenant:
            raise SignInRefused(RefusalReason.TENANT_WRONG, "tid is not the tenant of MICROSOFT_ISSUER")
        return super().identity_from(claims)

    def scopes_for(self, wanted: Collection[str]) -> tuple[str, ...]:
        """Request access to Graph in advance: only the token shows whether a person's groups fit into it."""
        return (f"{self.graph_url}/User.Read",) if GROUPS in wanted else ()

    def more_claims(self, claims: Mapping[str, Any], tokens: Tokens, wanted: frozenset[str]) -> AdditionalClaims:
        """Fetch the groups from Graph if there are too many for the token ("overage", from about 200 on)."""
        if GROUPS not in wanted or GROUPS in claims or not _are_elsewhere(claims):
            return AdditionalClaims()
        try:
            return AdditionalClaims(claims={GROUPS: groups_of(self.upstream, self.graph_url, tokens.access_token)})
        except SignInRefused as refused:
            log_unreadable_claims(self.id, [GROUPS], refused)
            return AdditionalClaims(unreadable=frozenset({GROUPS}))

    def vouches_for_email(self, claims: Mapping[str, Any]) -> bool:
        """Return whether the domain of the address is verified to belong to the tenant (``xms_edov``).

        Any tenant's administrator can write any address into ``email`` (nOAuth, 2023). Entra sends ``xms_edov`` in four
        forms.
        """
        verified = claims.get("xms_edov")
        return verified is True or verified in ("true", "1") or (type(verified) is int and verified == 1)


def _are_elsewhere(claims: Mapping[str, Any]) -> bool:
    """Return whether the token says that the groups must be fetched. The URL that it gives is ignored.

    ``_claim_names`` is defined in OpenID Connect Core, section 5.6.2. The URL in ``_claim_sources`` is that of an API
    that Microsoft has retired.
    """
    names = claims.get("_claim_names")
    return claims.get("hasgroups") in {True, "true"} or (isinstance(names, dict) and GROUPS in names)


def provider(settings: Mapping[str, Any], **registration: Unpack[ProviderRegistration]) -> MicrosoftProvider:
    return MicrosoftProvider(
        issuer_url=settings["issuer"],
        signing_algorithms=frozenset(settings["signing_algorithms"]),
        graph_url=settings["graph_url"],
        offline_scopes=("offline_access",),
        says_when=SaysWhen.WHERE_SET_UP,  # auth_time is an optional claim in Entra
        **registration,
    )
