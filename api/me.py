"""``/v1/me``: who the caller is, in the same form for all kinds of credentials."""

from typing import Any, Literal
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from ninja import Field, Router, Schema, Status

from accounts.models import Identity
from accounts.own_account import name_change
from accounts.own_account.name_change import NoName
from accounts.sign_in.provider_names import is_of
from api.callers import caller_of
from api.guards import requires
from api.inputs import Input
from api.problems import INVALID_REQUEST, ApiError
from authserver.scopes import ACCOUNT_WRITE

router = Router(tags=["Caller"])


class NameIn(Input):
    name: str = Field(max_length=1000, examples=["Ada Lovelace"])


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


@router.get("/me", response=Me, exclude_none=False)
def me(request: HttpRequest) -> HttpResponse:
    """Return the caller: a person with their identities, or a service."""
    caller = caller_of(request)
    known = Me.model_construct(kind=caller.kind, id=caller.id, scopes=caller.own_scopes, tenant_id=caller.tenant_id)
    person = caller.person if caller.kind == "person" else None
    if person is not None:
        known.email, known.email_verified, known.name = person.email, person.email_verified, person.name
        known.identities = [
            IdentityOut.model_construct(**_personal_fields(identity))
            for identity in Identity.objects.listed(person)
            if person.pinned_tenant is None or is_of(identity.provider, person.pinned_tenant)
        ]
    # Returning a response skips ninja's second validation. Backends call this on every request.
    return HttpResponse(known.model_dump_json(), content_type="application/json; charset=utf-8")


@router.patch("/me", response={204: None}, auth=requires(own=True, scope=ACCOUNT_WRITE))
def change_name(request: HttpRequest, wanted: NameIn) -> Status[None]:
    """Change the name. Providers no longer change it."""
    person = caller_of(request).person
    assert person is not None  # noqa: S101  # the guard requires one
    try:
        name_change.set_name(person, wanted.name)
    except NoName:
        fault = {"field": "body.name", "message": "A name has 1 to 255 visible characters."}
        raise ApiError(INVALID_REQUEST, "The input is not accepted.", fields=[fault]) from None
    return Status(204, None)


def _personal_fields(identity: Identity) -> dict[str, Any]:
    return {name: getattr(identity, name) for name in IdentityOut.model_fields}
