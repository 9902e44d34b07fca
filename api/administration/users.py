"""``/v1/admin/users``: the people whom an administrator sees, and the acts on their accounts."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from ninja import Field, Query, Router, Schema, Status

from accounts.bulk.actions import DEACTIVATE, REACTIVATE, REQUIRE_SECOND_FACTOR
from accounts.bulk.base import BulkActionKind, NotAllowed, SkipReason
from accounts.bulk.single import act_on
from accounts.cut_off import CutOffRefused, cut_off
from accounts.models import CutOff, Identity, Membership, User
from accounts.organizations import delegation
from accounts.people import filters, search
from accounts.sign_in.factors import factor_reset
from accounts.sign_in.factors.enrolled import factors_of
from api.administration.acting import above, administrator, last_superuser
from api.guards import requires
from api.idempotency import idempotent
from api.inputs import Input
from api.me import IdentityOut
from api.own_account import FactorOut
from api.paging import After, Limit, Page, cut, newest_first
from api.problems import CONFLICT, ApiError
from authserver.scopes import USERS_READ, USERS_WRITE

router = Router(tags=["Administration: people"])
LONGEST_REASON = 500  # characters
READ = requires(scope=USERS_READ, permission="accounts.view_user")
WRITE = requires(scope=USERS_WRITE, permission="accounts.change_user", fresh="10m")


class SignedIn(StrEnum):
    """Within which time a person has signed in; the session is still live."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


AGO = {
    SignedIn.HOUR: timedelta(hours=1),
    SignedIn.DAY: timedelta(days=1),
    SignedIn.WEEK: timedelta(days=7),
    SignedIn.MONTH: timedelta(days=30),
}


class PeopleQuery(Schema):
    """The filters of the list in the admin. Those that are left out do not filter."""

    q: str = Field("", max_length=200, description="The beginning of words, or a whole id, as in the admin's search.")
    is_active: bool | None = None
    is_staff: bool | None = None
    is_superuser: bool | None = None
    email_verified: bool | None = None
    second_factor_required: bool | None = None
    second_factor: bool | None = Field(None, description="Whether the person has a second factor.")
    provider: str = Field("", max_length=32, description="A sign-in method, such as google.")
    tenant: UUID | None = None
    role: int | None = Field(None, ge=0, lt=2**63, description="The id of a role, in that tenant or in any.")
    signed_in: SignedIn | None = Field(None, description="Within this time, and the session is still live.")


class UserOut(Schema):
    """An account as the list shows it."""

    id: UUID
    name: str
    email: str | None
    email_verified: bool
    is_active: bool
    is_staff: bool
    created_at: datetime


class RoleInTenantOut(Schema):
    tenant_id: UUID
    role: str
    since: datetime


class UserDetailOut(UserOut):
    """An account. What the administrator may not see is null, as panels are missing from the page in the admin."""

    is_superuser: bool
    second_factor_required: bool
    memberships: list[RoleInTenantOut] | None
    identities: list[IdentityOut] | None
    factors: list[FactorOut] | None


class ReasonIn(Input):
    reason: str = Field(max_length=LONGEST_REASON, pattern=r"\S", examples=["Lost the phone, called from the desk."])


class CutOffIn(ReasonIn):
    """``deactivate`` also closes the account, until an administrator reactivates it."""

    deactivate: bool = True


class CutOffOut(Schema):
    id: UUID
    deactivated: bool


def _may_see(permission: str) -> Callable[[User, User], bool]:
    return lambda actor, _person: actor.has_perm(permission)


def _may_change(actor: User, person: User) -> bool:
    return actor.has_perm("accounts.change_user") and delegation.is_theirs_alone(actor, person)


def _memberships(person: User) -> list[dict[str, Any]]:
    """Return the memberships in scope: those in the administrator's own tenant, or all for a superuser."""
    found = Membership.objects.filter(user=person).select_related("role").order_by("pk")
    return [{"tenant_id": one.tenant_id, "role": one.role.name, "since": one.created_at} for one in found]


def _identities(person: User) -> list[dict[str, Any]]:
    return [_fields(IdentityOut, one) for one in Identity.objects.filter(user=person).order_by("pk")]


def _factors(person: User) -> list[dict[str, Any]]:
    return [_fields(FactorOut, factor) for factor in factors_of(person)]


# The parts of an account that need a right of their own, as the panels of its page in the admin do.
PARTS: Mapping[str, tuple[Callable[[User, User], bool], Callable[[User], list[dict[str, Any]]]]] = {
    "memberships": (_may_see("accounts.view_membership"), _memberships),
    "identities": (_may_see("accounts.view_identity"), _identities),
    "factors": (_may_change, _factors),
}


@router.get("/admin/users", response=Page[UserOut], auth=READ)
def users(request: HttpRequest, wanted: Query[PeopleQuery], limit: Limit = 50, after: After = "") -> Mapping[str, Any]:
    """List the people whom the administrator sees, the newest accounts first."""
    seen = filters.seen_by(administrator(request))
    shown, following = cut(_found(seen, wanted, after, limit + 1), limit)
    return {"items": [_fields(UserOut, person) for person in shown], "next": following}


@router.get("/admin/users/{user_id}", response=UserDetailOut, auth=READ)
def user(request: HttpRequest, user_id: UUID) -> dict[str, Any]:
    """Return an account with its organizations, sign-in methods and second factors."""
    actor = administrator(request)
    person = person_of(actor, user_id)
    plain = [name for name in UserDetailOut.model_fields if name not in PARTS]
    return {name: getattr(person, name) for name in plain} | {
        name: read(person) if may(actor, person) else None for name, (may, read) in PARTS.items()
    }


@router.post("/admin/users/{user_id}/deactivate", response={204: None}, auth=WRITE)
def deactivate(request: HttpRequest, user_id: UUID) -> Status[None]:
    """Deactivate an account, and revoke everything by which somebody acts as this person."""
    return act(request, DEACTIVATE, user_id)


@router.post("/admin/users/{user_id}/reactivate", response={204: None}, auth=WRITE)
def reactivate(request: HttpRequest, user_id: UUID) -> Status[None]:
    """Let a person sign in again. What was revoked stays revoked."""
    return act(request, REACTIVATE, user_id)


@router.post("/admin/users/{user_id}/require-second-factor", response={204: None}, auth=WRITE)
def require_second_factor(request: HttpRequest, user_id: UUID) -> Status[None]:
    """Require a second factor of a person from the next sign-in on, and end their sessions."""
    return act(request, REQUIRE_SECOND_FACTOR, user_id)


@router.post("/admin/users/{user_id}/reset-factors", response={204: None}, auth=WRITE)
def reset_factors(request: HttpRequest, user_id: UUID, wanted: ReasonIn) -> Status[None]:
    """Remove all second factors of a person who has lost them, and end their sessions."""
    actor = administrator(request)
    person = person_of(actor, user_id)
    if person.pk == actor.pk:
        raise ApiError(CONFLICT, "One's own factors are removed on one's own pages.", reason=SkipReason.YOURSELF)
    try:
        factor_reset.reset(person.pk, reason=wanted.reason, may=partial(delegation.is_theirs_alone, actor))
    except factor_reset.OutOfReach:
        raise above(request, person) from None
    except factor_reset.NothingToReset:
        raise ApiError(CONFLICT, "The person has no second factor.", reason="nothing_to_reset") from None
    except factor_reset.PersonGone:
        raise Http404 from None
    return Status(204, None)


@router.post(
    "/admin/users/{user_id}/cut-off",
    response={201: CutOffOut},
    auth=WRITE,
)
@idempotent(reach=lambda request, user_id, **_: _within_reach(request, user_id))
def cut_off_user(request: HttpRequest, user_id: UUID, wanted: CutOffIn) -> Status[dict[str, Any]]:
    """Revoke a person's sessions, tokens and keys, and deactivate the account unless that is not wanted."""
    actor, person = _within_reach(request, user_id)
    if person.pk == actor.pk:
        raise ApiError(CONFLICT, "One's own account is locked with /v1/me/cut-off.", reason=SkipReason.YOURSELF)
    try:
        made = cut_off(person, by=CutOff.By.ADMINISTRATOR, reason=wanted.reason, close=wanted.deactivate)
    except CutOffRefused:
        raise last_superuser(request, person) from None
    return Status(201, {"id": made.pk, "deactivated": made.deactivated})


def person_of(actor: User, user_id: UUID) -> User:
    """Return a person whom the administrator sees. Raises Http404."""
    found = filters.seen_by(actor).filter(pk=user_id).first()
    if found is None:
        raise Http404
    return found


def _within_reach(request: HttpRequest, user_id: UUID) -> tuple[User, User]:
    """Return the administrator, and a person whose account they may change. Raises Http404 and ApiError."""
    actor = administrator(request)
    person = person_of(actor, user_id)
    if person.pk != actor.pk and not delegation.is_theirs_alone(actor, person):
        raise above(request, person)
    return actor, person


def _found(seen: QuerySet[User], wanted: PeopleQuery, after: str, count: int) -> Sequence[User]:
    """Return the first people who are found. A common word is searched among the next people first (ADR 39)."""
    people = _filtered(seen, wanted)
    if wanted.q and search.is_common(seen, wanted.q):
        near = newest_first(people, after)
        if keys := search.among_next(near, wanted.q, count):
            return list(near.filter(pk__in=keys))
    return list(newest_first(search.find(people, wanted.q), after)[:count])


def _filtered(people: QuerySet[User], wanted: PeopleQuery) -> QuerySet[User]:
    flags = ("is_active", "is_staff", "is_superuser", "email_verified", "second_factor_required")
    people = people.filter(**{name: value for name in flags if (value := getattr(wanted, name)) is not None})
    given = {"tenant_id": wanted.tenant, "role_id": wanted.role}
    if membership := {name: value for name, value in given.items() if value is not None}:
        people = filters.with_membership(people, **membership)
    if wanted.provider:
        people = filters.of_provider(people, wanted.provider)
    if wanted.signed_in:
        people = filters.signed_in_within(people, AGO[wanted.signed_in])
    if wanted.second_factor is not None:
        people = filters.by_second_factor(people, has_one=wanted.second_factor)
    return people


def act(request: HttpRequest, kind: BulkActionKind, user_id: UUID) -> Status[None]:
    """Do what the bulk action does. An account that is so already is no error."""
    actor = administrator(request)
    person = person_of(actor, user_id)
    try:
        skipped = act_on(kind, person.pk, actor=actor)
    except NotAllowed:  # the actor is no superuser any more
        skipped = SkipReason.OUT_OF_REACH
    if skipped is SkipReason.OUT_OF_REACH:
        raise above(request, person)
    if skipped is SkipReason.GONE:
        raise Http404
    if skipped is SkipReason.YOURSELF:
        raise ApiError(CONFLICT, "One's own account is changed on one's own pages.", reason=skipped)
    return Status(204, None)


def _fields(schema: type[Schema], row: object) -> dict[str, Any]:
    return {name: getattr(row, name) for name in schema.model_fields}
