"""The authentication records of a session, which ``decision`` reads.

They are in the list that allauth keeps in the session, which belongs to one person and ends with the session. What a
tenant's connection says counts in sessions that are pinned to that tenant, and nowhere else (ADR 73).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any
from uuid import UUID

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from django.http import HttpRequest

from accounts.models import User
from accounts.sign_in.reauthentication.acts import Act

SECOND_FACTOR = "mfa"  # allauth's name for it
PROVIDER = "socialaccount"  # allauth's name for the response of a provider
MAILED_CODE = "mailed_code"
BY_PROVIDER = "provider"  # the type of a second factor that a provider has verified


class AuthenticationMethod(Enum):
    """How a person has authenticated."""

    PASSWORD = auto()  # a local password
    FACTOR = auto()  # a second factor that is enrolled here
    PROVIDER_FACTOR = auto()  # a second factor that a provider claims to have verified, with ``auth_time``
    DATED_RESPONSE = auto()  # a response of a provider with ``auth_time``
    RESPONSE = auto()  # a response of a provider without it: the provider may have asked the person for nothing
    MAILED_CODE = auto()  # a code from a mail to the account's verified address


@dataclass(frozen=True, kw_only=True)
class AuthenticationRecord:
    """One authentication. ``at`` is its time, in seconds since the Unix epoch: at a provider it may be long ago.

    ``act`` is the only act that a mailed code counts for. ``opened`` means that this response opened the account.
    ``was_asked`` means that the provider was asked for ``auth_time``.
    """

    kind: AuthenticationMethod
    at: float
    provider: str = ""
    act: str = ""
    opened: bool = False
    was_asked: bool = False


def record_method(request: HttpRequest, user: User, method: str, **how: Any) -> None:
    """Add a record of an authentication just now to the session. allauth leaves out values that are None."""
    record_authentication(request, user, method, **how)


def record_code(request: HttpRequest, user: User, act: Act) -> None:
    record_method(request, user, MAILED_CODE, act=act.value)


@dataclass(frozen=True, kw_only=True)
class ProviderResponse:
    """What a provider says of an authentication: its ``auth_time``, if any, and whether it verified a second factor.

    ``tenant_id`` is the tenant whose connection the provider is, or None for the site's own.
    """

    provider: str
    tenant_id: UUID | None
    authenticated_at: float | None
    has_second_factor: bool

    @property
    def said(self) -> dict[str, Any]:
        """What a record keeps of it; allauth leaves out values that are None."""
        return {"proven_at": self.authenticated_at, "tenant": str(self.tenant_id) if self.tenant_id else None}


def record_response(request: HttpRequest, user: User, response: ProviderResponse, *, uid: str) -> None:
    """Record the response of a provider that was asked to reauthenticate."""
    record_method(request, user, PROVIDER, provider=response.provider, uid=uid, was_asked=True, **response.said)
    record_provider_factor(request, user, response)


def record_provider_factor(request: HttpRequest, user: User, response: ProviderResponse) -> None:
    """Record the second factor that a provider says it has verified, if it says so."""
    if response.has_second_factor:
        record_method(request, user, SECOND_FACTOR, type=BY_PROVIDER, provider=response.provider, **response.said)


def complete_response(request: HttpRequest, user: User, response: ProviderResponse, *, opened: bool) -> None:
    """Add to the record that allauth has just made what the response says, and whether it opened the account."""
    records = get_authentication_records(request, user)
    if records and records[-1]["method"] == PROVIDER:
        records[-1] |= {name: value for name, value in response.said.items() if value is not None}
        records[-1] |= {"opened": True} if opened else {}
        request.session.modified = True


def records_of(request: HttpRequest, user: User) -> list[AuthenticationRecord]:
    """Return the authentication records of this session that count, oldest first."""
    found = (_read(record) for record in _counting(request, user))
    return [proof for proof in found if proof is not None]


def has_second_factor(request: HttpRequest, user: User, *, since: float = 0.0) -> bool:
    """Whether a second factor was recorded in this session: one enrolled here, or one of a trusted provider.

    This is for sign-in, where a provider's second factor counts as long as the provider's session lasts. Whether it is
    recent enough for an act is for ``decision`` to say.
    """
    records = _counting(request, user)
    return any(record["method"] == SECOND_FACTOR and record["at"] >= since for record in records)


def _counting(request: HttpRequest, user: User) -> list[Mapping[str, Any]]:
    pinned = str(user.pinned_tenant) if user.pinned_tenant else None
    return [record for record in get_authentication_records(request, user) if record.get("tenant") in {None, pinned}]


def _read(record: Mapping[str, Any]) -> AuthenticationRecord | None:
    noted_at, proven_at = record["at"], record.get("proven_at")
    match record["method"]:
        case "password":
            return AuthenticationRecord(kind=AuthenticationMethod.PASSWORD, at=noted_at)
        case "mfa" if record.get("type") != BY_PROVIDER:
            return AuthenticationRecord(kind=AuthenticationMethod.FACTOR, at=noted_at)
        case "mfa" if proven_at is not None:
            return AuthenticationRecord(
                kind=AuthenticationMethod.PROVIDER_FACTOR,
                at=min(noted_at, proven_at),
                provider=record.get("provider", ""),
            )
        case "socialaccount":
            return _answer(record, noted_at, proven_at)
        case "mailed_code":
            return AuthenticationRecord(kind=AuthenticationMethod.MAILED_CODE, at=noted_at, act=record.get("act", ""))
    return None


def _answer(record: Mapping[str, Any], noted_at: float, proven_at: float | None) -> AuthenticationRecord:
    """Return the record of a provider's response. The earlier time counts, so that a fast clock extends nothing."""
    return AuthenticationRecord(
        kind=AuthenticationMethod.RESPONSE if proven_at is None else AuthenticationMethod.DATED_RESPONSE,
        at=noted_at if proven_at is None else min(noted_at, proven_at),
        provider=record.get("provider", ""),
        opened=bool(record.get("opened")),
        was_asked=bool(record.get("was_asked")),
    )
