"""The answers of the authorization endpoint: to the client through the browser, or a page for the person.

An answer to the client always names the issuer (RFC 9207), and goes to the registered redirect URI only.
"""

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render

from accounts.sign_in import rate_limits
from audit.events import record
from authserver import events
from authserver.authorization.request import AuthorizationRefused, Destination
from authserver.models import Client, ProtectedHost
from authserver.protocol.errors import ErrorCode, OAuthError
from authserver.refusal_page import refusal_page


class SeeOther(HttpResponseRedirect):
    """A redirect that the browser follows by GET, so that no form is posted twice (RFC 9700, section 4.12)."""

    status_code = 303

    def __init__(self, url: str) -> None:
        self.allowed_schemes = [urlsplit(url).scheme]  # the URL is registered: it may have an app's own scheme
        super().__init__(url)


class ToClient(SeeOther):
    """The redirect that answers a client."""


def answer(request: HttpRequest, to: Destination, parameters: Mapping[str, str]) -> HttpResponse:
    """Return an answer to the client, by a redirect or by a form (OAuth 2.0 Form Post Response Mode)."""
    found = {**parameters, "iss": settings.PUBLIC_URL} | ({"state": to.state} if to.state else {})
    if to.response_mode == "form_post":
        return _form_post(request, to, found)
    joint = "&" if "?" in to.redirect_uri else "?"
    return ToClient(f"{to.redirect_uri}{joint}{urlencode(found)}")


def after_pages(request: HttpRequest, to: Destination, response: HttpResponseBase) -> HttpResponseBase:
    """Return a page that leads to the client instead of the redirect, for a person who comes from pages of ours.

    They came by a form, and browsers apply the ``form-action`` of its page to all redirects that follow (CSP 3, section
    6.3.1). A page ends that chain, whichever pages it began on, and no page has to know the client (ADR 54).
    """
    if not isinstance(response, ToClient):
        return response
    return onward_page(request, response.url, client=to.client)


def onward_page(request: HttpRequest, url: str, *, client: Client | ProtectedHost) -> HttpResponse:
    """Return the page that leads to an app, or to a protected host."""
    page = render(request, "authserver/onward.html", {"url": url, "client": client})
    page.headers["Refresh"] = f"0; url={url}"
    return page


def error_answer(request: HttpRequest, to: Destination, refused: OAuthError) -> HttpResponse:
    """Return an error to the client, and record it within the limit of what strangers can write.

    A limit that is reached has left an entry of its own.
    """
    is_recorded = refused.code is not ErrorCode.TEMPORARILY_UNAVAILABLE
    if is_recorded and rate_limits.may_leave_entry():
        record(events.AUTHORIZATION_REFUSED, object=to.client, app=to.client.client_id, reason=refused.reason)
    return answer(request, to, refused.as_json())


def refused_page(request: HttpRequest, refused: AuthorizationRefused) -> HttpResponse:
    """Return the page for a request that must not be answered to its client."""
    return refusal_page(
        request,
        "authserver/refused.html",
        event=events.AUTHORIZATION_REFUSED,
        reason=refused.reason,
        client=refused.client,
    )


def allow_forms_to(response: HttpResponse, redirect_uri: str) -> None:
    """Let the forms of a page lead to a client: browsers check the redirects after a form too (CSP 3, 6.3.1)."""
    parts = urlsplit(redirect_uri)
    origin = f"{parts.scheme}://{parts.netloc}" if parts.scheme in {"http", "https"} else f"{parts.scheme}:"
    response._csp_update = {"form-action": [origin]}  # type: ignore[attr-defined]  # noqa: SLF001  # as django-csp's decorators do


def _form_post(request: HttpRequest, to: Destination, found: Mapping[str, str]) -> HttpResponse:
    context = {"action": to.redirect_uri, "fields": found, "client": to.client}
    response = render(request, "authserver/form_post.html", context)
    allow_forms_to(response, to.redirect_uri)
    return response
