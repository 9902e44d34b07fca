"""A preview for administrators: what a client would learn about a person, claim by claim, without issuing anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.utils import timezone

from accounts.models import User
from authserver import claims
from authserver.models import Client, TokenFamily
from authserver.tokens import access, id_tokens
from foundation import lifetimes


@dataclass(frozen=True, kw_only=True)
class TokenPreview:
    """The claims of the tokens and of userinfo. Ids and times are those of this moment, and belong to no token."""

    access_token: dict[str, Any]
    id_token: dict[str, Any]
    userinfo: dict[str, Any]


def preview(
    client: Client, user: User, tenant_id: UUID | None, *, scopes: Sequence[str], of_tenant_only: bool = False
) -> TokenPreview | None:
    """Return what a client would get for these scopes, or None for a person who is not active.

    ``of_tenant_only`` leaves out the person's other organizations, which are no business of an administrator of one.
    """
    facts = claims.read(user.pk, tenant_id)
    if facts is None:
        return None
    if of_tenant_only or client.tenant_id is not None:
        facts = claims.within(facts, tenant_id)
    now, seconds = timezone.now(), int(lifetimes.ACCESS_TOKEN.total_seconds())
    family = TokenFamily(id=uuid4(), client_id=client.pk, user=user, auth_time=now, acr="single", sid="preview")
    return TokenPreview(
        access_token=access.person_claims(client, family, facts, scopes=scopes, wanted=(), seconds=seconds),
        id_token=id_tokens.claims_of(client, family, facts, scopes=scopes),
        userinfo=claims.identity_claims(facts, scopes) | {"sub": str(user.pk)},
    )
