"""``/v1/tenants/{tenant_id}/domains``: the domains that an organization claims and owns."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from ninja import Field, Router, Schema, Status

from accounts.models import Domain, DomainFinding, DomainState
from accounts.organizations import domains as acts
from accounts.organizations.domains import REFUSED, DomainRefusalReason, DomainRefused
from accounts.organizations.domains.checking import NOW
from accounts.organizations.domains.claiming import CLAIMS
from accounts.sign_in import rate_limits
from accounts.sign_in.rate_limits import Limit
from api.administration.acting import record_afterwards
from api.guards import requires
from api.idempotency import idempotent
from api.inputs import Input
from api.problems import CONFLICT, INVALID_REQUEST, TOO_MANY_REQUESTS, ApiError
from authserver.scopes import SETTINGS_READ, SETTINGS_WRITE

router = Router(tags=["Organizations: domains"])
READ = requires(scope=SETTINGS_READ, permission="accounts.view_domain", tenant=True)
CLAIM = requires(scope=SETTINGS_WRITE, permission="accounts.add_domain", tenant=True, fresh="10m")
CHANGE = requires(scope=SETTINGS_WRITE, permission="accounts.change_domain", tenant=True, fresh="10m")
RELEASE = requires(scope=SETTINGS_WRITE, permission="accounts.delete_domain", tenant=True, fresh="10m")

Reason = DomainRefusalReason
CONFLICTS = {Reason.CLAIMED_ALREADY, Reason.OWNED_ELSEWHERE, Reason.TOO_MANY}


class DomainOut(Schema):
    """A domain. The organization owns it while a TXT record ``record_name`` has the value ``record_text``.

    ``found`` is what the last check found. ``lapses_at`` is set when the administrators were warned. ``routes_to`` is
    the id of the provider to which the sign-in page leads the domain's people.
    """

    id: UUID
    name: str = Field(examples=["example.com"])
    state: DomainState
    record_name: str = Field(examples=["_vestibule.example.com"])
    record_text: str = Field(examples=["vestibule-domain=3f1c9c1a2b7d4e5f60718293a4b5c6d7e8f90123"])
    routes_to: str = Field(examples=["keycloak"])
    claimed_at: datetime
    owned_since: datetime | None
    checked_at: datetime | None
    found: DomainFinding | None
    failing_since: datetime | None
    lapses_at: datetime | None


class DomainIn(Input):
    name: str = Field(max_length=320, examples=["example.com"], description="as in an e-mail address, after the @")


@router.get("/tenants/{tenant_id}/domains", response=list[DomainOut], auth=READ)
def domains(request: HttpRequest, tenant_id: UUID, state: DomainState | None = None) -> list[dict[str, Any]]:
    """List the domains of the organization, which are a hundred at most, with the record to publish for each."""
    rows = _of(tenant_id).filter(state.rows) if state else _of(tenant_id)
    return [_domain(one) for one in rows]


@router.post("/tenants/{tenant_id}/domains", response={201: DomainOut}, auth=CLAIM)
@idempotent(reach=lambda _request, created, tenant_id, **_: _find(tenant_id, created["id"]))
def claim(request: HttpRequest, tenant_id: UUID, wanted: DomainIn) -> Status[dict[str, Any]]:
    """Claim a domain. This gives nothing until its record is published and found."""
    try:
        return Status(201, _domain(acts.claim(tenant_id, wanted.name)))
    except DomainRefused as refused:
        raise _refusal(request, refused, tenant_id, CLAIMS) from None


@router.post("/tenants/{tenant_id}/domains/{domain_id}/check", response=DomainOut, auth=CHANGE)
def check(request: HttpRequest, tenant_id: UUID, domain_id: UUID) -> dict[str, Any]:
    """Look for the record now, which takes up to five seconds. Otherwise a job does, every few minutes at first."""
    try:
        checked = acts.check(_find(tenant_id, domain_id))
    except DomainRefused as refused:
        raise _refusal(request, refused, tenant_id, NOW) from None
    if checked is None:
        raise Http404
    return _domain(checked)


@router.delete("/tenants/{tenant_id}/domains/{domain_id}", response={204: None}, auth=RELEASE)
def release(request: HttpRequest, tenant_id: UUID, domain_id: UUID) -> Status[None]:
    """Give a domain up, at once. Another organization can claim it then."""
    try:
        acts.release(_find(tenant_id, domain_id))
    except DomainRefused:
        raise Http404 from None
    return Status(204, None)


def _of(tenant_id: UUID) -> QuerySet[Domain]:
    return Domain.objects.filter(tenant=tenant_id)


def _find(tenant_id: UUID, domain_id: UUID) -> Domain:
    found = _of(tenant_id).filter(pk=domain_id).first()
    if found is None:
        raise Http404
    return found


def _domain(one: Domain) -> dict[str, Any]:
    known: Mapping[str, Any] = {name: getattr(one, name) for name in DomainOut.model_fields if name != "found"}
    return {**known, "found": one.finding or None}


def _refusal(request: HttpRequest, refused: DomainRefused, tenant_id: UUID, limit: Limit) -> ApiError:
    """Record, after the rollback, why an act is refused, and return the error."""
    record_afterwards(request, lambda _person: acts.record_refusal(refused, tenant_id=tenant_id))
    reason, words = refused.reason, str(REFUSED[refused.reason])
    if reason is Reason.TOO_OFTEN:
        wait = {"Retry-After": str(rate_limits.seconds_left(limit))}
        return ApiError(TOO_MANY_REQUESTS, words, reason=reason.value, headers=wait)
    if reason in CONFLICTS:
        return ApiError(CONFLICT, words, reason=reason.value)
    fault = {"field": "body.name", "message": words}
    return ApiError(INVALID_REQUEST, "The input is not accepted.", reason=reason.value, fields=[fault])
