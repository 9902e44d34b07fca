"""The page to which clients send people to sign out (OpenID Connect RP-Initiated Logout 1.0)."""

from hashlib import sha256
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.models import Session, User
from accounts.organizations.middleware import without_tenant
from accounts.sessions import closing
from authserver import events
from authserver.authorization import answers
from authserver.authorization.request import Destination
from authserver.logout import request as requests
from authserver.logout.request import LogoutRefused, LogoutRequest
from authserver.protocol.errors import OAuthError
from authserver.protocol.parameters import Parameters, in_form, in_query
from authserver.refusal_page import refusal_page
from foundation.post_only import post_only


@csrf_exempt  # it only reads
@without_tenant
@require_http_methods(["GET", "HEAD", "POST"])
def logout(request: HttpRequest) -> HttpResponseBase:
    """Ask the signed-in person, whatever the hint says: no other site signs anybody out.

    A form that a client posts comes without the session (SameSite), so it is redirected to itself by GET first.
    """
    try:
        given = _given(request)
        wanted = requests.read(given)
    except LogoutRefused as refused:
        return _refused_page(request, refused)
    if request.method == "POST":
        return answers.SeeOther(_url("oauth-logout", given))
    if isinstance(request.user, User):
        return _ask(request, request.user, given, wanted)
    return _back(wanted) if wanted.redirect_uri and wanted.is_proven else render(request, "authserver/signed_out.html")


@without_tenant
@post_only("oauth-logout", keeps_query=True)
def confirm(request: HttpRequest, shown: str) -> HttpResponseBase:
    """Sign the person out and lead them back to the client, if it has asked for that.

    The answer counts only for the account that the page has ``shown``: another tab may have changed it meanwhile.
    """
    try:
        given = in_query(request)
        wanted = requests.read(given)
    except OAuthError:
        return _refused_page(request, LogoutRefused("malformed"))
    except LogoutRefused as refused:
        return _refused_page(request, refused)
    if isinstance(request.user, User):
        if shown != _shown(request.user):
            return answers.SeeOther(_url("oauth-logout", given))
        closing.close_session(request)
    if not wanted.redirect_uri or wanted.client is None:
        return answers.SeeOther(reverse("oauth-logout"))
    to = Destination(client=wanted.client, redirect_uri=wanted.redirect_uri, state=wanted.state, response_mode="query")
    return answers.after_pages(request, to, _back(wanted))


def _given(request: HttpRequest) -> Parameters:
    try:
        return in_form(request, may_repeat=True) if request.method == "POST" else in_query(request)
    except OAuthError:
        raise LogoutRefused("malformed") from None


def _ask(request: HttpRequest, user: User, given: Parameters, wanted: LogoutRequest) -> HttpResponse:
    context = {
        "client": wanted.client,
        "is_other_person": bool(wanted.hinted and wanted.hinted != str(user.pk)),
        "is_other_session": wanted.hinted == str(user.pk) and not _is_of_this_session(request, wanted),
        "leads_back": bool(wanted.redirect_uri),
        "action": _url("oauth-logout-confirm", given, shown=_shown(user)),
    }
    return render(request, "authserver/logout.html", context)


def _is_of_this_session(request: HttpRequest, wanted: LogoutRequest) -> bool:
    """Whether the client was authorized in this session. A token without ``sid`` may be of any."""
    own = Session.objects.of_browser(request.session.session_key).values_list("client_sid", flat=True)
    return not wanted.hinted_sid or wanted.hinted_sid in own


def _shown(user: User) -> str:
    return sha256(f"{user.pk} {user.not_before}".encode()).hexdigest()


def _back(wanted: LogoutRequest) -> HttpResponse:
    joint = "&" if "?" in wanted.redirect_uri else "?"
    state = f"{joint}{urlencode({'state': wanted.state})}" if wanted.state else ""
    return answers.ToClient(f"{wanted.redirect_uri}{state}")


def _url(name: str, given: Parameters, **path: str) -> str:
    url = reverse(name, kwargs=path)
    return f"{url}?{given.encoded()}" if given.values else url


def _refused_page(request: HttpRequest, refused: LogoutRefused) -> HttpResponse:
    return refusal_page(
        request,
        "authserver/logout_refused.html",
        event=events.LOGOUT_REFUSED,
        reason=refused.reason,
        client=refused.client,
    )
