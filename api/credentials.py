"""The authenticator chain: who sends a request, by every credential that it has (DESIGN part 9).

Each reader returns a caller, or None if the request has no credential of its kind. A credential that is there and does
not count refuses the request: no other one is tried instead. Several must be for the same caller in the same tenant.
"""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware

from accounts.models import User
from accounts.sign_in import rate_limits
from api import events
from api.callers import Caller
from api.problems import CREDENTIALS_DISAGREE, CSRF_FAILED, INVALID_CREDENTIAL, MALFORMED, UNAUTHENTICATED, ApiError
from audit.context import Actor, ActorKind
from audit.events import record
from authserver import claims
from authserver.authorization.decision import Authentication, authentication
from authserver.protocol.bearer_credential import BearerError, credential_of
from authserver.services import keys
from authserver.services.holders import actors
from authserver.services.keys import ApiKeyRefused
from authserver.tokens import bearer
from authserver.tokens.bearer import BearerToken

logger = logging.getLogger(__name__)

REALM = "vestibule"
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
API_KEY = "X-API-Key"
Reader = Callable[[HttpRequest], Caller | None]


def authenticate(request: HttpRequest) -> Caller:
    """Return who sends the request. Raises ApiError: 401 without a credential, or with one that does not count."""
    found = [caller for read in READERS if (caller := read(request)) is not None]
    if not found:
        headers = {"WWW-Authenticate": challenge()}
        raise ApiError(UNAUTHENTICATED, "Send a credential.", reason="no_credential", headers=headers)
    caller = found[0]
    for other in found[1:]:
        if not caller.agrees_with(other):
            raise _disagreement()
        caller = caller.joined_with(other)
    return caller


def challenge(**parts: str) -> str:
    """Return the header WWW-Authenticate (RFC 6750, section 3). No part may contain a quotation mark."""
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in {"realm": REALM, **parts}.items())


def of_session(request: HttpRequest) -> Caller | None:
    """Read the browser's session. A request that may change something also needs a CSRF token."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    person = request.user
    if not isinstance(person, User):
        raise _refused("session_over")
    if request.method not in SAFE and (fault := _Csrf.fault(request)):
        raise ApiError(CSRF_FAILED, "Send the CSRF token of the session's cookie.", reason=fault)
    return Caller(
        kind="person",
        id=person.pk,
        scopes=None,
        tenant_id=person.active_membership.tenant_id if person.active_membership else None,
        person=person,
        actor=Actor(ActorKind.PERSON, str(person.pk)),
        last_sign_in=partial(authentication, request, person),
    )


def of_token(request: HttpRequest) -> Caller | None:
    """Read an access token of ours, from the header Authorization and nowhere else."""
    try:
        text = credential_of(request)
    except BearerError as malformed:
        if malformed.is_anonymous and "Authorization" not in request.headers:
            return None
        if malformed.status == 401:
            raise _refused("unknown_scheme") from malformed
        headers = {"WWW-Authenticate": malformed.challenge(REALM)}
        raise ApiError(MALFORMED, malformed.description, reason="credential_malformed", headers=headers) from malformed
    try:
        token = bearer.check(text)
        token.require(audience=settings.PUBLIC_URL)
    except BearerError as refusal:
        raise _refused(refusal.reason or "token_refused") from refusal
    return _of_person(token) if token.user_id else _of_client(token)


def of_key(request: HttpRequest) -> Caller | None:
    """Read an API key. A repeated header is joined with commas by servers, which no key contains."""
    text = request.headers.get(API_KEY)
    if text is None:
        return None
    try:
        holder = keys.check(text)
    except ApiKeyRefused as refusal:
        raise _refused(refusal.reason) from refusal
    actor, behind = actors(holder.service.pk if holder.service else None, holder.person.pk)
    return Caller(
        kind="service" if holder.service else "person",
        id=holder.id,
        scopes=holder.scopes,
        tenant_id=holder.tenant_id,
        person=holder.person,
        actor=actor,
        behind=behind,
    )


READERS: tuple[Reader, ...] = (of_session, of_token, of_key)


def _of_person(token: BearerToken) -> Caller:
    """A client acts for a person. An organization that the person has left since counts as none."""
    facts = claims.read_for(token.client, token.user_id, token.tenant_id) if token.user_id else None
    if facts is None:
        raise _refused("person_not_served")
    return Caller(
        kind="person",
        id=facts.user.pk,
        scopes=frozenset(token.scopes),
        tenant_id=facts.tenant_id,
        person=facts.user,
        actor=Actor(ActorKind.PERSON, str(facts.user.pk)),
        behind=Actor(ActorKind.SERVICE, str(token.client.pk)),
        last_sign_in=partial(_told_by, token),
    )


def _of_client(token: BearerToken) -> Caller:
    """A client acts in its own name: as its service if it has one, and at most with the rights of its registrar."""
    rights = token.rights
    actor = Actor(ActorKind.SERVICE, str(rights.service_id or token.client.pk))
    return Caller(
        kind="service",
        id=rights.service_id or token.client.pk,
        scopes=frozenset(token.scopes),
        tenant_id=token.tenant_id,
        person=User.objects.get(pk=rights.person_id) if rights.person_id else None,
        actor=actor,
        behind=Actor(ActorKind.PERSON, str(rights.person_id)) if rights.person_id else None,
    )


def _told_by(token: BearerToken) -> Authentication | None:
    moment = token.claims.get("auth_time")
    if not isinstance(moment, int):
        return None
    return Authentication(
        at=datetime.fromtimestamp(moment, tz=UTC),
        acr=str(token.claims.get("acr", "")),
        amr=list(token.claims.get("amr", ())),
    )


def _refused(reason: str) -> ApiError:
    _record(reason)
    said = challenge(error="invalid_token", error_description="A credential of the request is not valid")
    headers = {"WWW-Authenticate": said}
    return ApiError(INVALID_CREDENTIAL, "A credential of the request is not valid.", reason=reason, headers=headers)


def _disagreement() -> ApiError:
    _record("another_caller")
    said = challenge(error="invalid_token", error_description="The credentials do not agree")
    detail = "The credentials of the request are not for the same caller in the same tenant."
    return ApiError(CREDENTIALS_DISAGREE, detail, headers={"WWW-Authenticate": said})


def _record(reason: str) -> None:
    """Record a refused credential, within the limit of what strangers can write."""
    logger.warning("credential refused: reason=%s", reason)
    if rate_limits.may_leave_entry():
        record(events.CREDENTIAL_REFUSED, reason=reason)


class _Csrf(CsrfViewMiddleware):
    """Django's check, which returns the reason of a refusal instead of a page."""

    def _reject(self, request: HttpRequest, reason: str) -> Any:
        return reason

    @classmethod
    def fault(cls, request: HttpRequest) -> str:
        """Return why the request is not from one of our pages, or an empty string."""
        check = cls(lambda _request: None)  # type: ignore[arg-type]  # it is never called
        check.process_request(request)
        return str(check.process_view(request, _checked, (), {}) or "")


def _checked() -> HttpResponse:
    """Any view that is not exempt from the check."""
    return HttpResponse()
