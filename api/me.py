"""``/v1/me``: who the caller is, in the same form for all kinds of credentials."""

from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from accounts.models import Identity
from api.callers import Caller
from api.problems import Problem

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
def me(request: HttpRequest) -> HttpResponse:
    """Return the caller: a person with their identities, or a service."""
    caller: Caller = request.auth  # type: ignore[attr-defined]  # set by ninja
    known = Me(kind=caller.kind, id=caller.id, scopes=caller.own_scopes, tenant_id=caller.tenant_id)
    person = caller.person if caller.kind == "person" else None
    if person is not None:
        known.email, known.email_verified, known.name = person.email, person.email_verified, person.name
        known.identities = [
            IdentityOut.model_construct(**_personal_fields(identity)) for identity in Identity.objects.of(person)
        ]
    # Returning a response skips ninja's second validation. Backends call this on every request.
    return HttpResponse(known.model_dump_json(), content_type="application/json; charset=utf-8")


def _personal_fields(identity: Identity) -> dict[str, Any]:
    return {name: getattr(identity, name) for name in IdentityOut.model_fields}
