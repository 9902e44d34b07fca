"""Who am I: the answer is the same for every credential."""

from typing import Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema

from accounts.models import Identity
from api.callers import Caller
from api.errors import Problem

router = Router(tags=["me"])


class IdentityOut(Schema):
    provider: str
    issuer: str
    subject: str
    email: str
    email_verified: bool


class Me(Schema):
    kind: Literal["person", "service"]
    id: UUID
    scopes: list[str]
    tenant_id: UUID | None
    email: str | None = None
    email_verified: bool | None = None
    name: str | None = None
    identities: list[IdentityOut] | None = None


@router.get("/me", response={200: Me, 401: Problem}, exclude_none=False)
def me(request: HttpRequest) -> Me:
    """Return the caller: a person with their identities, or a service."""
    caller: Caller = request.auth  # type: ignore[attr-defined]  # put there by ninja
    known = Me(kind=caller.kind, id=caller.id, scopes=list(caller.scopes), tenant_id=caller.tenant_id)
    if caller.user is None:
        return known
    person = caller.user
    return known.model_copy(
        update={
            "email": person.email,
            "email_verified": person.email_verified,
            "name": person.name,
            "identities": [
                IdentityOut(
                    provider=identity.provider,
                    issuer=identity.issuer,
                    subject=identity.subject,
                    email=identity.email,
                    email_verified=identity.email_verified,
                )
                for identity in Identity.objects.of(person)
            ],
        }
    )
