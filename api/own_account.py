"""``/v1/me/…``: a person's own account, with the same acts as its pages. A service has none."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponseBase
from django.utils import timezone
from ninja import Field, Router, Schema, Status

from accounts.cut_off.acting import lock_own_account
from accounts.models import User
from accounts.models.session import row_key
from accounts.privacy.views import answer as export
from accounts.sessions import SessionRevocationReason, revoke, revoke_others
from accounts.sign_in import rate_limits
from accounts.sign_in.factors.enrolled import factors_of
from api.callers import caller_of
from api.guards import requires
from api.idempotency import idempotent
from api.inputs import Input, invalid
from api.problems import TOO_MANY_REQUESTS, ApiError
from authserver.authorization import consents
from authserver.models import ApiKey, Consent
from authserver.scopes import ACCOUNT_READ, ACCOUNT_WRITE
from authserver.services import issuing, key_text
from authserver.services.pages import CREATED

router = Router(tags=["My account"])
READ, WRITE = requires(own=True, scope=ACCOUNT_READ), requires(own=True, scope=ACCOUNT_WRITE)
MOST_DAYS = 365


class SessionOut(Schema):
    """A browser in which the person is signed in. ``id`` is that of the page and of the trail."""

    id: str
    user_agent: str
    ip_address: str | None
    provider: str
    created_at: datetime
    last_seen_at: datetime
    is_current: bool


class FactorOut(Schema):
    kind: str
    name: str
    added_at: datetime
    last_used_at: datetime | None
    recovery_left: int | None


class KeyIn(Input):
    """A key works in the active tenant, with what the person may do there, for a number of days."""

    name: str = Field(max_length=100, examples=["laptop"])
    scopes: list[str] = Field(default=[], max_length=50, examples=[["account:read"]])
    days: int = Field(default=90, ge=1, le=MOST_DAYS)


class KeyOut(Schema):
    id: UUID
    name: str
    prefix: str
    scopes: list[str]
    tenant_id: UUID | None
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime


class NewKeyOut(KeyOut):
    """A new key, with the text that is shown this once."""

    key: str


class ConsentOut(Schema):
    """What the person lets an app do."""

    id: UUID
    client_id: str
    name: str
    scopes: list[str]
    resources: list[str]
    tenant_id: UUID | None
    created_at: datetime
    last_used_at: datetime


class LockedOut(Schema):
    id: UUID


@router.get("/me/sessions", response=list[SessionOut], auth=READ)
def sessions(request: HttpRequest) -> list[dict[str, Any]]:
    """List the browsers in which the person is signed in."""
    current = row_key(request.session.session_key) if caller_of(request).scopes is None else None
    return [
        {
            "id": row.public_id,
            "user_agent": row.user_agent,
            "ip_address": row.ip_address,
            "provider": row.provider,
            "created_at": row.created_at,
            "last_seen_at": row.last_seen_at,
            "is_current": row.session_key == current,
        }
        for row in _person(request).sessions.live()
    ]


@router.delete("/me/sessions", response={204: None}, auth=WRITE)
def revoke_other_sessions(request: HttpRequest) -> Status[None]:
    """Sign the person out everywhere, but for the browser that sends this request."""
    keep = request.session.session_key if caller_of(request).scopes is None else None
    revoke_others(_person(request), keep=keep, reason=SessionRevocationReason.OWNER)
    return Status(204, None)


@router.delete("/me/sessions/{session_id}", response={204: None}, auth=WRITE)
def revoke_session(request: HttpRequest, session_id: str) -> Status[None]:
    """Sign the person out in one browser."""
    found = [row for row in _person(request).sessions.live() if row.public_id == session_id]
    if not found:
        raise Http404
    revoke(found, reason=SessionRevocationReason.OWNER)
    return Status(204, None)


@router.get("/me/factors", response=list[FactorOut], auth=READ)
def factors(request: HttpRequest) -> list[dict[str, Any]]:
    """List the second factors."""
    return [{name: getattr(factor, name) for name in FactorOut.model_fields} for factor in factors_of(_person(request))]


@router.get("/me/keys", response=list[KeyOut], auth=READ)
def keys(request: HttpRequest) -> list[dict[str, Any]]:
    """List the person's API keys that work; to the app of an organization, those for it alone."""
    usable = ApiKey.objects.filter(user=_person(request), revoked_at=None, expires_at__gt=timezone.now())
    caller = caller_of(request)
    return [_key(key) for key in usable.order_by("created_at", "id") if caller.may_know(key.tenant_id)]


@router.post(
    "/me/keys",
    response={201: NewKeyOut},
    auth=requires(own=True, session=True, fresh="10m"),
)
@idempotent(reach=lambda request, created, **_: _own_key(request, created["id"]))
def create_key(request: HttpRequest, wanted: KeyIn) -> Status[dict[str, Any]]:
    """Create an API key. Only this response has its text, and only a browser's session can create one."""
    person, caller = _person(request), caller_of(request)
    if rate_limits.is_over_anyway(CREATED, str(person.pk)):
        headers = {"Retry-After": str(rate_limits.seconds_left(CREATED))}
        raise ApiError(TOO_MANY_REQUESTS, "The person has created too many keys.", headers=headers)
    try:
        new = issuing.create_for_person(
            person,
            name=wanted.name,
            scopes=wanted.scopes,
            tenant_id=caller.tenant_id,
            expires_at=timezone.now() + timedelta(days=wanted.days),
        )
    except ValidationError as found:
        raise invalid(found) from None
    return Status(201, {**_key(new.key), "key": new.text})


@router.delete("/me/keys/{key_id}", response={204: None}, auth=WRITE)
def revoke_key(request: HttpRequest, key_id: UUID) -> Status[None]:
    """Revoke an API key at once."""
    if not issuing.revoke(_own_key(request, key_id)):
        raise Http404
    return Status(204, None)


@router.get("/me/consents", response=list[ConsentOut], auth=READ)
def connected_apps(request: HttpRequest) -> list[dict[str, Any]]:
    """List the apps that may act for the person; to the app of an organization, those that may do so there."""
    caller = caller_of(request)
    kept = ("id", "scopes", "resources", "tenant_id", "created_at", "last_used_at")
    return [
        {name: getattr(consent, name) for name in kept}
        | {"client_id": consent.client.client_id, "name": consent.client.name}
        for consent in consents.valid_of(_person(request))
        if caller.may_know(consent.tenant_id)
    ]


@router.delete("/me/consents/{consent_id}", response={204: None}, auth=WRITE)
def withdraw_consent(request: HttpRequest, consent_id: UUID) -> Status[None]:
    """Stop an app: everything that it got for the person is revoked."""
    found = Consent.objects.filter(pk=consent_id, user=_person(request))
    caller = caller_of(request)
    if not all(caller.may_know(consent.tenant_id) for consent in found) or not consents.withdraw(found, reason="owner"):
        raise Http404
    return Status(204, None)


@router.post("/me/cut-off", response={201: LockedOut}, auth=WRITE)
def cut_off(request: HttpRequest) -> Status[dict[str, Any]]:
    """Lock the person's own account, and revoke everything by which somebody acts as them.

    An administrator can unlock it.
    """
    return Status(201, {"id": lock_own_account(_person(request)).pk})


@router.get("/me/export", response=Any, auth=requires(own=True, session=True, fresh="10m"))
def own_data(request: HttpRequest) -> HttpResponseBase:
    """Download everything that is kept about the person, as JSON."""
    return export(_person(request))


def _person(request: HttpRequest) -> User:
    person = caller_of(request).person
    assert person is not None  # noqa: S101  # the guards of this module require one
    return person


def _own_key(request: HttpRequest, key_id: UUID) -> ApiKey:
    """Return a key of the person of which the caller may know. Raises Http404."""
    found: ApiKey | None = ApiKey.objects.filter(pk=key_id, user=_person(request)).first()
    if found is None or not caller_of(request).may_know(found.tenant_id):
        raise Http404
    return found


def _key(key: ApiKey) -> dict[str, Any]:
    kept = ("id", "name", "scopes", "tenant_id", "created_at", "last_used_at", "expires_at")
    return {name: getattr(key, name) for name in kept} | {"prefix": f"{key_text.PREFIX}{key.public_id}"}
