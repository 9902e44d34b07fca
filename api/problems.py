"""The errors of the API: problem documents (RFC 9457), with one stable code for each kind of problem.

A document says what the request lacks and reveals nothing else. Its ``instance`` is the id of the request, by which an
administrator finds the entries of the trail and the lines of the log.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from ninja import Schema

from audit.context import current

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, kw_only=True)
class ProblemKind:
    """A kind of problem. ``meaning`` and ``remedy`` are for its documentation page."""

    code: str
    status: int
    title: str
    meaning: Promise
    remedy: Promise

    @property
    def path(self) -> str:
        return f"/api/problems/{self.code}"


class ApiError(Exception):
    """A problem that ends a request. Everything that the request has written is rolled back.

    ``missing`` names what the caller lacks, in the words of ``api.guards.requires``; ``fields`` the input that is not
    accepted, as ``{"field": …, "message": …}``.
    """

    def __init__(
        self,
        kind: ProblemKind,
        detail: str,
        *,
        reason: str = "",
        missing: Sequence[Mapping[str, Any]] = (),
        fields: Sequence[Mapping[str, str]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.kind, self.detail, self.reason = kind, detail, reason or kind.code
        self.missing, self.fields, self.headers = missing, fields, dict(headers or {})


class InputFault(Schema):
    """A part of the input that is not accepted, and why. The value is not repeated."""

    field: str
    message: str


class Problem(Schema):
    """A problem document (RFC 9457, section 3). ``type`` is the address of the documentation of the kind of problem."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    instance: str = ""
    missing: list[dict[str, Any]] = []
    errors: list[InputFault] = []


def response_to(refused: ApiError) -> HttpResponse:
    """Return the response for a problem, which nobody caches."""
    context, kind = current(), refused.kind
    problem = Problem(
        type=settings.PUBLIC_URL + kind.path,
        title=kind.title,
        status=kind.status,
        detail=refused.detail,
        code=kind.code,
        instance=f"urn:uuid:{context.request_id}" if context.request_id else "",
        missing=[dict(lack) for lack in refused.missing],
        errors=[InputFault(**fault) for fault in refused.fields],
    )
    text = problem.model_dump_json(exclude_defaults=True)
    response = HttpResponse(text, content_type=MEDIA_TYPE, status=kind.status)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Length"] = str(len(response.content))  # some are made outside the middleware that sets it
    for name, value in refused.headers.items():
        response.headers[name] = value
    return response


UNAUTHENTICATED = ProblemKind(
    code="unauthenticated",
    status=401,
    title="The request has no credential",
    meaning=_("This address has to know who is calling, and the request has no credential."),
    remedy=_("Send an access token, an API key or a client certificate, or sign in with a browser."),
)
INVALID_CREDENTIAL = ProblemKind(
    code="invalid_credential",
    status=401,
    title="The credential is not valid",
    meaning=_(
        "A credential was sent and is not valid: it is malformed, expired or revoked, or it is meant for another API."
        " The response does not say which, because it may have been guessed. The trail does."
    ),
    remedy=_("Get a new token for this API, or another key. No other credential of the same request is tried instead."),
)
CREDENTIALS_DISAGREE = ProblemKind(
    code="credentials_disagree",
    status=401,
    title="The credentials do not agree",
    meaning=_("The request has several credentials, and they are not for the same caller in the same tenant."),
    remedy=_("Send one credential. A browser also sends its session cookie: leave it out."),
)
STEP_UP_REQUIRED = ProblemKind(
    code="insufficient_user_authentication",
    status=401,
    title="A newer or stronger sign-in is needed",
    meaning=_("The person has to sign in again, or with a second factor, before this is allowed (RFC 9470)."),
    remedy=_(
        "Send the person to the authorization endpoint with the parameters acr_values and max_age of the header"
        " WWW-Authenticate, and repeat the request with the new token."
    ),
)
CSRF_FAILED = ProblemKind(
    code="csrf_failed",
    status=403,
    title="The CSRF token is missing or wrong",
    meaning=_(
        "A request with a session cookie that changes something also needs a CSRF token. One with a client certificate "
        "must not come from a page."
    ),
    remedy=_("Send the token in the header X-CSRFToken, or use an access token instead."),
)
FORBIDDEN = ProblemKind(
    code="forbidden",
    status=403,
    title="The caller may not do this",
    meaning=_("The caller is known and lacks something. The member “missing” of the response names it."),
    remedy=_("Ask for the scope when you get the token, act in another tenant, or ask an administrator for the role."),
)
NOT_FOUND = ProblemKind(
    code="not_found",
    status=404,
    title="There is nothing at this address",
    meaning=_("The address is unknown, or what it names does not exist for this caller."),
    remedy=_("Compare the address with the documentation of the API, and the identifier with the caller's tenant."),
)
METHOD_NOT_ALLOWED = ProblemKind(
    code="method_not_allowed",
    status=405,
    title="The address does not take this method",
    meaning=_("The address exists, but not for this method. The header Allow lists the methods."),
    remedy=_("Use one of these methods."),
)
CONFLICT = ProblemKind(
    code="conflict",
    status=409,
    title="The request conflicts with what exists",
    meaning=_("Something with this name exists already, or somebody else was faster."),
    remedy=_("Read the present state, and decide again."),
)
KEY_IN_USE = ProblemKind(
    code="idempotency_key_in_use",
    status=409,
    title="The first request with this idempotency key is still being handled",
    meaning=_("The same caller sent the same request a moment ago, and it has not been answered yet."),
    remedy=_("Send it again, with the same key, after the seconds in the header Retry-After."),
)
TOO_LARGE = ProblemKind(
    code="too_large",
    status=413,
    title="The request is too large",
    meaning=_("The body is longer than the API accepts."),
    remedy=_("Send less at once."),
)
MALFORMED = ProblemKind(
    code="malformed",
    status=400,
    title="The request cannot be read",
    meaning=_("The request is not valid HTTP or JSON, or a credential is in a place where none may be."),
    remedy=_("Send credentials in headers only, and a body as valid JSON in UTF-8."),
)
INVALID_REQUEST = ProblemKind(
    code="invalid_request",
    status=422,
    title="The input is not accepted",
    meaning=_("A value is missing, unknown, of another type or out of range. The member “errors” names each."),
    remedy=_("Correct these fields. Nothing was written."),
)
KEY_REUSED = ProblemKind(
    code="idempotency_key_reused",
    status=422,
    title="The idempotency key was used for another request",
    meaning=_("The caller has sent this idempotency key to this address already, with another body. Nothing was done."),
    remedy=_("Use a new key for each new request, and an old one only to repeat exactly the same request."),
)
TOO_MANY_REQUESTS = ProblemKind(
    code="too_many_requests",
    status=429,
    title="The caller asks too often",
    meaning=_("A rate limit is reached. Nothing was done."),
    remedy=_("Wait for the seconds in the header Retry-After."),
)
INTERNAL_ERROR = ProblemKind(
    code="internal_error",
    status=500,
    title="The site failed",
    meaning=_("This is a fault of the site. It is logged under the id in the member “instance”."),
    remedy=_("Try again later, and give the id to an administrator if it happens again."),
)
UNAVAILABLE = ProblemKind(
    code="unavailable",
    status=503,
    title="A part of the site is not available",
    meaning=_("The database or Redis does not answer, or the site cannot send mail. Nothing was done."),
    remedy=_("Try again after the seconds in the header Retry-After."),
)
KINDS: Mapping[str, ProblemKind] = {
    kind.code: kind
    for kind in (
        UNAUTHENTICATED, INVALID_CREDENTIAL, CREDENTIALS_DISAGREE, STEP_UP_REQUIRED, CSRF_FAILED, FORBIDDEN, NOT_FOUND,
        METHOD_NOT_ALLOWED, CONFLICT, KEY_IN_USE, TOO_LARGE, MALFORMED, INVALID_REQUEST, KEY_REUSED, TOO_MANY_REQUESTS,
        INTERNAL_ERROR, UNAVAILABLE,
    )
}  # fmt: skip
"""By code: codes are stable, and each has a documentation page."""

BY_STATUS: Mapping[int, ProblemKind] = {
    400: MALFORMED, 403: FORBIDDEN, 404: NOT_FOUND, 405: METHOD_NOT_ALLOWED, 409: CONFLICT, 413: TOO_LARGE,
    422: INVALID_REQUEST, 429: TOO_MANY_REQUESTS, 500: INTERNAL_ERROR, 503: UNAVAILABLE,
}  # fmt: skip
"""For responses of the server that have a status and no problem document yet."""
