"""The proofs of a session: written where somebody has shown who they are, read by the decider.

They stand in the list that allauth keeps in the session: it belongs to one person, and goes with the session.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from django.http import HttpRequest

from accounts.models import User
from accounts.sign_in.reauthentication.acts import Act

SECOND_FACTOR = "mfa"  # allauth's word for it
PROVIDER = "socialaccount"  # allauth's word for an answer of a provider
MAILED_CODE = "mailed_code"
BY_PROVIDER = "provider"  # the type of a second factor that a provider has asked for


class AuthenticationMethod(Enum):
    """What somebody has shown."""

    PASSWORD = auto()  # that is kept here
    FACTOR = auto()  # of their own, enrolled here
    PROVIDER_FACTOR = auto()  # that a provider says it asked for, at a time that it says
    DATED_RESPONSE = auto()  # of a provider that says when the person proved themselves there
    RESPONSE = auto()  # of a provider that does not say when: it may have asked for nothing
    MAILED_CODE = auto()  # typed from a mail to the account's verified address


@dataclass(frozen=True, kw_only=True)
class AuthenticationRecord:
    """A proof. ``at`` is when the person gave it, in seconds since the epoch: at a provider that may be long ago.

    ``act`` is the only one that a mailed code counts for. ``opened``: the account was opened by this answer.
    ``was_asked``: the provider was asked to say when, and did not.
    """

    kind: AuthenticationMethod
    at: float
    provider: str = ""
    act: str = ""
    opened: bool = False
    was_asked: bool = False


def record_method(request: HttpRequest, user: User, method: str, **how: Any) -> None:
    """Write into the session that somebody has just proven who they are. What is None is left out."""
    record_authentication(request, user, method, **how)


def record_code(request: HttpRequest, user: User, act: Act) -> None:
    record_method(request, user, MAILED_CODE, act=act.value)


def record_response(
    request: HttpRequest, user: User, *, provider: str, uid: str, proven_at: float | None, has_second_factor: bool
) -> None:
    """Note the answer of a provider that was asked for a proof, with the time that it says (``auth_time``)."""
    record_method(request, user, PROVIDER, provider=provider, uid=uid, proven_at=proven_at, was_asked=True)
    if has_second_factor:
        record_provider_factor(request, user, provider, proven_at)


def record_provider_factor(request: HttpRequest, user: User, provider: str, proven_at: float | None) -> None:
    record_method(request, user, SECOND_FACTOR, type=BY_PROVIDER, provider=provider, proven_at=proven_at)


def complete_response(request: HttpRequest, user: User, *, proven_at: float | None, opened: bool) -> None:
    """Add to the answer that allauth has just noted what it does not know: when it was proven, and what it began."""
    records = get_authentication_records(request, user)
    if records and records[-1]["method"] == PROVIDER:
        records[-1] |= {"proven_at": proven_at} if proven_at is not None else {}
        records[-1] |= {"opened": True} if opened else {}
        request.session.modified = True


def records_of(request: HttpRequest, user: User) -> list[AuthenticationRecord]:
    """Return what somebody has shown in this session, oldest first."""
    found = (_read(record) for record in get_authentication_records(request, user))
    return [proof for proof in found if proof is not None]


def has_second_factor(request: HttpRequest, user: User, *, since: float = 0.0) -> bool:
    """Whether a second factor was noted in this session: one of ours, or by a provider whose word counts.

    This is for coming in: a provider's word counts for as long as its own session does. For an act that needs a
    fresh proof it is too old then; that is for ``deciding`` to say.
    """
    records = get_authentication_records(request, user)
    return any(record["method"] == SECOND_FACTOR and record["at"] >= since for record in records)


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
    """A clock that is a little ahead makes no proof last longer."""
    return AuthenticationRecord(
        kind=AuthenticationMethod.RESPONSE if proven_at is None else AuthenticationMethod.DATED_RESPONSE,
        at=noted_at if proven_at is None else min(noted_at, proven_at),
        provider=record.get("provider", ""),
        opened=bool(record.get("opened")),
        was_asked=bool(record.get("was_asked")),
    )
