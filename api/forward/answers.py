"""``/oauth/forward``: may this request to a protected host go on, and whose is it."""

import logging
from functools import partial
from typing import cast
from urllib.parse import parse_qs, urlencode

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt

from accounts.models import User
from accounts.models.session import row_key
from accounts.organizations.middleware import without_tenant
from accounts.sessions.middleware import AuthenticationMiddleware
from accounts.sign_in import rate_limits
from api import events, problems
from api.callers import Caller
from api.forward import asked, passes, rights
from api.forward.asked import AskedRequest, ForwardRefused
from api.guards import OF_SIGN_IN, record_refusal
from api.problems import FORBIDDEN, STEP_UP_REQUIRED, UNAUTHENTICATED, ApiError
from audit.events import record
from authserver.authorization.decision import authentication
from authserver.models import ProtectedHost
from providers.revalidation.middleware import RevalidationMiddleware

logger = logging.getLogger(__name__)

LOST = "lost"  # the parameter of our page about an admission that came to nothing
# RFC 9110, section 15.5.2, requires a challenge. No browser asks anybody for this scheme.
CHALLENGE = {"WWW-Authenticate": 'Cookie realm="vestibule"'}


class ForwardedRequest(HttpRequest):
    """A request about another one: a type for ``cast``, not the class of any request."""

    asked: AskedRequest
    browser: str


@csrf_exempt
@without_tenant
def forward(request: HttpRequest) -> HttpResponseBase:
    """Answer a proxy: 204 with headers that name the person, or 401, 403, or where the browser is to go instead.

    The cookies are those of the protected host. None of them counts but ours, and no other is changed, not even by our
    middleware.
    """
    cookies, request.COOKIES = request.COOKIES, {}
    try:
        wanted = asked.read(request)
    except ForwardRefused as refused:
        return _unanswerable(refused)
    browser = passes.browser_of(cookies, wanted.host)
    path, _, query = wanted.path.partition("?")
    if path == passes.PATH:
        return _admitted(wanted, browser, parse_qs(query).get("admission", [""])[0])
    theirs = cast("ForwardedRequest", request)
    theirs.asked, theirs.browser = wanted, browser
    request.session = passes.session_of(cookies, wanted.host)
    response: HttpResponseBase = THROUGH_SESSION(request)
    return response


def _answer(request: HttpRequest) -> HttpResponse:
    """Answer for the session of the pass, as it is now."""
    theirs = cast("ForwardedRequest", request)
    wanted, person = theirs.asked, request.user
    if not isinstance(person, User):
        detail = "The browser is not signed in, or not any more."
        return _refused(wanted, theirs.browser, ApiError(UNAUTHENTICATED, detail, headers=CHALLENGE))
    caller = caller_of_session(wanted.host, request, person)
    found = rights.missing(caller, wanted.host)
    if not found:
        return HttpResponse(status=204, headers=rights.identity_headers(caller))
    if all(lack.keys() <= OF_SIGN_IN for lack in found):
        detail = "The person has to sign in again, or with a second factor."
        return _refused(wanted, theirs.browser, ApiError(STEP_UP_REQUIRED, detail, missing=found, headers=CHALLENGE))
    if not wanted.is_navigation:
        record_refusal(operation_of(wanted.host), caller, found)
    detail = "The person lacks what “missing” names."
    return _refused(wanted, theirs.browser, ApiError(FORBIDDEN, detail, missing=found))


# What reads a session elsewhere: it checks and counts the person's use, and has providers asked about it.
THROUGH_SESSION = AuthenticationMiddleware(RevalidationMiddleware(_answer))


def caller_of_session(host: ProtectedHost, request: HttpRequest, person: User) -> Caller:
    """Return the person of this session as a caller at a host."""
    credential = f"session {row_key(request.session.session_key)}"
    return rights.caller_at(
        host,
        person,
        credential=credential,
        last_sign_in=partial(authentication, request, person, for_tenant=host.tenant_id),
    )


def operation_of(host: ProtectedHost) -> str:
    """Return what a person wants to do, as the trail names it."""
    return f"OPEN {host.origin}"


def _refused(wanted: AskedRequest, browser: str, error: ApiError) -> HttpResponse:
    """Send a browser that shows pages to ours, which signs in, asks for more or explains. Scripts get a problem."""
    if not wanted.is_navigation:
        return problems.response_to(error)
    here = {"to": wanted.url, "browser": passes.digest_of(browser)}
    response = _redirect(wanted, f"{settings.PUBLIC_URL}{reverse('admission')}?{urlencode(here)}")
    passes.mark_browser(response, wanted.host, browser)
    return response


def _admitted(wanted: AskedRequest, browser: str, admission: str) -> HttpResponse:
    """Come back from our page. A browser that does not keep the cookie is not sent around in circles."""
    if (admitted := passes.admit(wanted.host, browser, admission)) is not None:
        admitted.status_code = _status(wanted)
        return admitted
    lost = {"to": f"{wanted.host.origin}/", LOST: ""}
    return _redirect(wanted, f"{settings.PUBLIC_URL}{reverse('admission')}?{urlencode(lost)}")


def _redirect(wanted: AskedRequest, url: str) -> HttpResponse:
    return HttpResponse(status=_status(wanted), headers={"Location": url, **CHALLENGE})


def _status(wanted: AskedRequest) -> int:
    """nginx takes every status but 2xx, 401 and 403 for an error; its configuration makes a redirect of the 401."""
    return 302 if wanted.has_redirects else 401


def _unanswerable(refused: ForwardRefused) -> HttpResponse:
    """Refuse a question about no host of ours: nothing can be said to the browser, because it is not known where."""
    logger.warning("forward authentication refused: reason=%s origin=%s", refused.reason, refused.origin)
    if rate_limits.may_leave_entry():
        record(events.HOST_REFUSED, reason=refused.reason, origin=refused.origin)
    detail = "This is for proxies, about the hosts that an administrator has listed."
    return problems.response_to(ApiError(FORBIDDEN, detail, reason=refused.reason))
