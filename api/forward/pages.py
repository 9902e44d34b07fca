"""``/oauth/admission``: the page of ours through which a person gets to a protected host, or learns why not."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.organizations.middleware import without_tenant
from accounts.sign_in import rate_limits
from accounts.sign_in.factors.enrolled import has_second_factor
from accounts.sign_in.reauthentication import gate
from api import events
from api.forward import asked, passes, rights
from api.forward.answers import LOST, caller_of_session, operation_of
from api.forward.asked import ForwardRefused
from api.guards import OF_SIGN_IN, record_refusal
from api.rights import Lack
from audit.events import record
from authserver.authorization import answers
from authserver.models import ProtectedHost
from foundation.next_page import query
from foundation.references import new_reference

logger = logging.getLogger(__name__)

ADMISSIONS = rate_limits.Limit(kind="admissions", most=120, seconds=60)  # by each person: each is a row once it is used
AFTER_PAGES = "after"  # marks a return from forms of ours


@dataclass(frozen=True, kw_only=True)
class OnTheWay:
    """A way to a URL of a protected host, in the browser whose text has this digest."""

    host: ProtectedHost
    url: str
    browser: str

    @property
    def back(self) -> str:
        """The URL of this page for after a sign-in."""
        return f"{reverse('admission')}?{urlencode({'to': self.url, 'browser': self.browser, AFTER_PAGES: ''})}"


@require_GET  # HEAD must do what GET does, which admits
@without_tenant
def admission(request: HttpRequest) -> HttpResponseBase:
    """Send the person on with an admission, or first to sign in, or to sign in again. What they lack, the page says.

    ``to`` is a URL of a protected host, and nobody is sent anywhere else.
    """
    origin, path = asked.split(request.GET.get("to", ""))
    try:
        host = asked.host_of(origin)
    except ForwardRefused as refused:
        return _refusal_page(request, refused.reason, origin=refused.origin)
    if LOST in request.GET:
        return _refusal_page(request, "browser_lost", host=host, origin=origin)
    on_the_way = OnTheWay(host=host, url=asked.url_at(origin, path), browser=request.GET.get("browser", ""))
    if not passes.RANDOM.match(on_the_way.browser):
        return answers.SeeOther(f"{origin}/")  # the proxy asks, and the browser comes back with it
    if not isinstance(request.user, User):
        return answers.SeeOther(reverse("account_login") + query(on_the_way.back, stay=False))
    return _decided(request, request.user, on_the_way) or _admit(request, request.user, on_the_way)


def _decided(request: HttpRequest, person: User, on_the_way: OnTheWay) -> HttpResponseBase | None:
    """Return the page for a person who may not open a host now, or None."""
    host = on_the_way.host
    caller = caller_of_session(host, request, person)
    found = rights.missing(caller, host)
    if not found:
        return None
    if _helps_to_reauthenticate(person, found):
        return gate.redirect_to_reauthenticate(request, next=on_the_way.back)
    record_refusal(operation_of(host), caller, found)
    return _page(request, "not_allowed", status=403, host=host, missing=_lacking(found))


def _admit(request: HttpRequest, person: User, on_the_way: OnTheWay) -> HttpResponseBase:
    if rate_limits.is_over_anyway(ADMISSIONS, str(person.pk)):
        return rate_limits.too_many_requests(ADMISSIONS)
    host = on_the_way.host
    record(events.HOST_OPENED, person=person, object=host, origin=host.origin)
    url = passes.admission_url(request, host, digest=on_the_way.browser, url=on_the_way.url)
    is_after_pages = AFTER_PAGES in request.GET
    return answers.onward_page(request, url, client=host) if is_after_pages else answers.SeeOther(url)


def _helps_to_reauthenticate(person: User, found: Sequence[Lack]) -> bool:
    """Whether a newer sign-in, or one with a factor that the person has, would give all that is missing."""
    lacking = _lacking(found)
    return lacking == {"unpinned"} or (lacking <= OF_SIGN_IN and ("acr" not in lacking or has_second_factor(person)))


def _lacking(found: Sequence[Lack]) -> frozenset[str]:
    return frozenset(name for lack in found for name in lack)


def _refusal_page(request: HttpRequest, reason: str, *, origin: str, host: ProtectedHost | None = None) -> HttpResponse:
    """Record a refusal, within the limit of what strangers can write, and return its page with the reference."""
    if not rate_limits.may_leave_entry():
        return rate_limits.too_many_requests(rate_limits.REFUSALS)
    reference = new_reference()
    record(events.HOST_REFUSED, object=host, reason=reason, origin=origin, reference=reference)
    logger.warning("refused: protected host reason=%s origin=%s reference=%s", reason, origin, reference)
    return _page(request, reason, status=400, host=host, reference=reference)


def _page(request: HttpRequest, reason: str, *, status: int, **context: Any) -> HttpResponse:
    return render(request, "api/not_admitted.html", {"reason": reason, **context}, status=status)
