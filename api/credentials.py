"""The authenticator chain: who sends a request, by every credential that it has (DESIGN part 9).

Each reader returns a caller, or None if the request has no credential of its kind. A credential that is there and does
not count refuses the request: no other one is tried instead. Several must be for the same caller in the same tenant.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware

from accounts.models import User
from accounts.models.session import row_key
from accounts.sign_in import api_limits, credential_throttle, rate_limits
from accounts.sign_in.credential_throttle import CredentialsThrottled
from api.callers import Caller, CallerKind
from api.problems import CSRF_FAILED, MALFORMED, TOO_MANY_REQUESTS, UNAVAILABLE, ApiError
from api.refusals import REALM, anonymous, disagreement, refused
from audit.context import Actor, ActorKind
from authserver import cors
from authserver.authorization.decision import Authentication, authentication
from authserver.protocol.bearer_credential import BearerError, credential_of
from authserver.services import certificates, key_text, keys
from authserver.services.certificates import PRESENTED, CertificateRefused, Presented
from authserver.services.holders import CredentialHolder, actors
from authserver.services.keys import ApiKeyRefused
from authserver.tokens import access, bearer
from authserver.tokens.bearer import BearerToken
from authserver.tokens.digests import digest_of
from providers import upstream_tokens
from providers.upstream_tokens import UpstreamTokenRefused

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
API_KEY = "X-API-Key"
Reader = Callable[[HttpRequest], Caller | None]


class CountedRequest(HttpRequest):
    """A request whose response says what is left of its limits: a type for ``cast``, not the class of any request."""

    limit_headers: Mapping[str, str]


def authenticate(request: HttpRequest) -> Caller:
    """Return who sends the request, and count it.

    Raises ApiError: 401 without a credential, or with one that does not count; 429 above a limit.
    """
    try:
        credential_throttle.check()
        caller = _caller_of(request)
    except CredentialsThrottled as throttled:
        headers = {"Retry-After": str(throttled.seconds)}
        raise ApiError(TOO_MANY_REQUESTS, "Too many wrong credentials came from there.", headers=headers) from None
    cors.only_for(request, caller.client)
    _count(request, caller)
    return caller


def _caller_of(request: HttpRequest) -> Caller:
    found = [caller for read in READERS if (caller := read(request)) is not None]
    if not found:
        raise anonymous()
    caller = found[0]
    for other in found[1:]:
        if not caller.agrees_with(other):
            raise disagreement()
        caller = caller.joined_with(other)
    return caller


def _count(request: HttpRequest, caller: Caller) -> None:
    """Count the request against the limits of its credential, its program and its IP address."""
    verdict = api_limits.take(
        [
            (api_limits.OF_CREDENTIAL, caller.credential),
            (api_limits.OF_CLIENT, caller.program),
            (api_limits.OF_IP_ADDRESS, rate_limits.client()),
        ]
    )
    cast("CountedRequest", request).limit_headers = verdict.headers()
    if not verdict.is_within:
        headers = {"Retry-After": str(verdict.retry_after)}
        raise ApiError(TOO_MANY_REQUESTS, "The caller asks too often.", headers=headers)


def of_session(request: HttpRequest) -> Caller | None:
    """Read the browser's session. A request that may change something also needs a CSRF token."""
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    if not isinstance(request.user, User):
        raise refused("session_over")
    person = request.user
    if request.method not in SAFE and (fault := _Csrf.fault(request)):
        raise ApiError(CSRF_FAILED, "Send the CSRF token of the session's cookie.", reason=fault)
    return Caller(
        kind="person",
        id=person.pk,
        scopes=None,
        tenant_id=person.active_membership.tenant_id if person.active_membership else None,
        person=person,
        actor=Actor(ActorKind.PERSON, str(person.pk)),
        credential=f"session {row_key(request.session.session_key)}",
        program=f"person {person.pk}",
        last_sign_in=partial(authentication, request, person, for_tenant=person.pinned_tenant),
        only_tenant=person.pinned_tenant,
    )


def of_token(request: HttpRequest) -> Caller | None:
    """Read an access token of ours or of an upstream issuer, from the header Authorization and nowhere else."""
    try:
        text = credential_of(request)
    except BearerError as malformed:
        if malformed.is_anonymous and "Authorization" not in request.headers:
            return None
        if malformed.status == 401:
            raise refused("unknown_scheme") from malformed
        headers = {"WWW-Authenticate": malformed.challenge(REALM)}
        raise ApiError(MALFORMED, malformed.description, reason="credential_malformed", headers=headers) from malformed
    if not text.startswith(access.PREFIX) and upstream_tokens.issuer_named(text) not in {None, settings.PUBLIC_URL}:
        return _of_upstream(text)
    try:
        token = bearer.check(text)
        token.require(audience=settings.PUBLIC_URL)
    except BearerError as refusal:
        raise refused(refusal.reason or "token_refused") from refusal
    return _of_person(token, text) if token.user_id else _of_client(token, text)


def of_key(request: HttpRequest) -> Caller | None:
    """Read an API key. A repeated header is joined with commas by servers, which no key contains."""
    text = request.headers.get(API_KEY)
    if text is None:
        return None
    stored = key_text.read(text)
    public_id = stored.public_id if stored else ""
    credential_throttle.check(public_id)
    try:
        holder = keys.check(text)
    except ApiKeyRefused as refusal:
        raise refused(refusal.reason, public_part=public_id) from refusal
    return _of_holder(holder, f"key {holder.key_id}")


def of_certificate(request: HttpRequest) -> Caller | None:
    """Read the client's certificate.

    A browser would send it for any page, so a request that may change something must not come from one (Origin, RFC
    6454).
    """
    presented: Presented | None = request.META[PRESENTED]
    if presented is None:
        return None
    try:
        fields = presented()
        holder = certificates.check(fields)
    except CertificateRefused as refusal:
        raise refused(refusal.reason) from refusal
    if request.method not in SAFE and "Origin" in request.headers:
        raise ApiError(CSRF_FAILED, "A page cannot use the certificate of a browser.", reason="certificate_of_a_page")
    return _of_holder(holder, f"certificate {fields.digest}")


READERS: tuple[Reader, ...] = (of_session, of_token, of_key, of_certificate)


def _of_holder(holder: CredentialHolder, credential: str) -> Caller:
    actor, behind = actors(holder.service.pk if holder.service else None, holder.person.pk)
    kind: CallerKind = "service" if holder.service else "person"
    return Caller(
        kind=kind,
        id=holder.id,
        scopes=holder.scopes,
        tenant_id=holder.tenant_id,
        person=holder.person,
        actor=actor,
        behind=behind,
        credential=credential,
        program=f"{kind} {holder.id}",
        is_for_tenant=holder.tenant_id is not None,
    )


def _of_person(token: BearerToken, text: str) -> Caller:
    """A client acts for a person. An organization that the person has left since counts as none."""
    facts = token.read_person()
    if facts is None:
        raise refused("person_not_served")
    return Caller(
        kind="person",
        id=facts.user.pk,
        scopes=frozenset(token.scopes),
        tenant_id=facts.tenant_id,
        person=facts.user,
        actor=Actor(ActorKind.PERSON, str(facts.user.pk)),
        behind=Actor(ActorKind.SERVICE, str(token.client.pk)),
        credential=f"token {token.jti or digest_of(text)}",
        program=f"client {token.client.pk}",
        client=token.client.pk,
        last_sign_in=partial(_told_by, token),
        is_for_tenant=token.family is not None and token.family.tenant_id is not None,
        only_tenant=token.client.tenant_id or facts.user.pinned_tenant,
    )


def _of_upstream(text: str) -> Caller:
    """Read an access token of an issuer that superusers have configured. Its ``acr`` has no meaning of ours."""
    try:
        token = upstream_tokens.check(text)
    except UpstreamTokenRefused as refusal:
        if refusal.is_outage:
            detail = "The issuer of the token does not answer. Try again in a moment."
            raise ApiError(UNAVAILABLE, detail, reason=refusal.reason, headers={"Retry-After": "5"}) from refusal
        raise refused(refusal.reason, is_recorded=refusal.is_recorded) from refusal
    how = Authentication(at=token.auth_time, acr="", amr=list(token.amr)) if token.auth_time else None
    return Caller(
        kind="person",
        id=token.user.pk,
        scopes=token.scopes,
        tenant_id=token.tenant_id,
        person=token.user,
        actor=Actor(ActorKind.PERSON, str(token.user.pk)),
        credential=f"token {digest_of(text)}",
        program=f"issuer {token.issuer}",
        last_sign_in=lambda: how,
        is_for_tenant=token.tenant_id is not None,
    )


def _of_client(token: BearerToken, text: str) -> Caller:
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
        credential=f"token {token.jti or digest_of(text)}",
        program=f"client {token.client.pk}",
        client=token.client.pk,
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


class _Csrf(CsrfViewMiddleware):
    """Django's check, which returns the reason of a refusal instead of a page."""

    def _reject(self, request: HttpRequest, reason: str) -> Any:
        return reason

    @classmethod
    def fault(cls, request: HttpRequest) -> str:
        """Return why the request is not from one of our pages, or an empty string."""
        _ = request.body  # Django looks for the token in a form, and a form that was parsed leaves no body to read
        check = cls(lambda _request: None)  # type: ignore[arg-type]  # it is never called
        check.process_request(request)
        return str(check.process_view(request, _checked, (), {}) or "")


def _checked() -> HttpResponse:
    """Any view that is not exempt from the check."""
    return HttpResponse()
