"""The authorization endpoint, which only reads, and the address where a person answers."""

import time
from collections.abc import Callable
from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import reverse
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.models.session import row_key
from accounts.organizations.middleware import without_tenant
from accounts.sessions import closing
from accounts.sessions.client_sid import SessionEndedMeanwhile, sid_of
from accounts.sessions.signed_in import open_when_pinned, signed_in
from accounts.sign_in import rate_limits
from accounts.sign_in.local import registration
from accounts.sign_in.reauthentication import gate
from authserver.authorization import answers, codes, consents, decision, page, pinned
from authserver.authorization import request as requests
from authserver.authorization.decision import NextStep
from authserver.authorization.request import ASKED_AT, EXPECTED, AuthorizationRefused, AuthorizationRequest, Destination
from authserver.models import AuthorizationCode, Consent
from authserver.protocol.errors import ErrorCode, OAuthError
from authserver.protocol.parameters import Parameters, in_form, in_query
from foundation.next_page import LONGEST, query
from foundation.post_only import post_only

ISSUED = rate_limits.Limit(kind="authorizations", most=60, seconds=60)  # by each person: each is a row


@csrf_exempt  # what a form of another site could cause, a link can
@without_tenant
@require_http_methods(["GET", "POST"])
def authorize(request: HttpRequest) -> HttpResponseBase:
    """Answer an authorization request. A form that a client posts comes without the session (SameSite), so it is
    redirected to itself by GET first. HEAD is refused: a GET may issue a code, and HEAD must do what GET does.
    """
    try:
        given = in_form(request, may_repeat=True) if request.method == "POST" else in_query(request)
        to = requests.destination(given)
    except (OAuthError, AuthorizationRefused) as refused:
        return answers.refused_page(request, _page_of(refused))
    if request.method == "POST":
        return answers.SeeOther(f"{request.path}?{given.encoded()}")
    response = _answer(request, given, to)
    return answers.after_pages(request, to, response) if ASKED_AT in given else response


@without_tenant
@post_only("oauth-authorize", keeps_query=True)
@signed_in
@open_when_pinned  # the decision knows which apps are
def consent(request: HttpRequest, user: User, shown: str) -> HttpResponseBase:
    """Take the person's consent to what the page has shown, which the address names by its digest.

    The request is in the URL, and is read again: it may have become invalid since.
    """

    def agree(given: Parameters, wanted: AuthorizationRequest) -> HttpResponseBase:
        is_closed = pinned.is_closed(user, wanted.client)
        if wanted.is_for_another(user) or is_closed or page.shown(user, wanted) != shown:
            return answers.SeeOther(f"{reverse('oauth-authorize')}?{given.encoded()}")
        is_asked = page.asks(user, wanted, decision.tenant_of(user, wanted.client))
        return _issue(request, user, given, wanted, asked=is_asked)

    return _answered(request, agree)


@without_tenant
@post_only("oauth-authorize", keeps_query=True)
def refuse(request: HttpRequest) -> HttpResponseBase:
    """Tell the client that the person does not agree."""

    def disagree(_given: Parameters, _wanted: AuthorizationRequest) -> HttpResponseBase:
        raise OAuthError(ErrorCode.ACCESS_DENIED, "The person did not agree.")

    return _answered(request, disagree)


def _answered(
    request: HttpRequest, act: Callable[[Parameters, AuthorizationRequest], HttpResponseBase]
) -> HttpResponseBase:
    try:
        given = in_query(request)
        to = requests.destination(given)
    except (OAuthError, AuthorizationRefused) as refused:
        return answers.refused_page(request, _page_of(refused))
    try:
        return act(given, requests.read(given, to))
    except OAuthError as refused:
        return answers.error_answer(request, to, refused)


@without_tenant
@post_only("oauth-authorize", keeps_query=True)
def switch_account(request: HttpRequest) -> HttpResponseBase:
    """Sign the person out, and let them sign in with another account for the same request."""
    try:
        given = in_query(request)
        to = requests.destination(given)
        wanted = requests.read(given, to)
    except AuthorizationRefused as refused:
        return answers.refused_page(request, refused)
    except OAuthError:
        return answers.SeeOther(f"{reverse('oauth-authorize')}?{given.encoded()}")
    closing.close_session(request)
    left = " ".join(sorted(wanted.prompts - {"select_account", "login"}))
    return _to_sign_in(Parameters({**given.values, "prompt": [left] if left else []}), wanted, another=True)


def _answer(request: HttpRequest, given: Parameters, to: Destination) -> HttpResponseBase:
    try:
        wanted = requests.read(given, to)
        with _language_of(wanted):
            return _next(request, given, wanted)
    except OAuthError as refused:
        return answers.error_answer(request, to, refused)


def _next(request: HttpRequest, given: Parameters, wanted: AuthorizationRequest) -> HttpResponseBase:
    match decision.decide(request, wanted):
        case NextStep.SIGN_IN:
            return _to_sign_in(given, wanted)
        case NextStep.REAUTHENTICATE:
            return gate.redirect_to_reauthenticate(request, next=_return_url(given, wanted))
        case NextStep.ASK:
            return page.consent_page(request, given, wanted)
    assert isinstance(request.user, User)  # noqa: S101  # decided
    return _issue(request, request.user, given, wanted, asked=False)


def _to_sign_in(given: Parameters, wanted: AuthorizationRequest, *, another: bool = False) -> HttpResponse:
    """Redirect to the page where people sign in, or register, and back. It finds the hints in where they return to."""
    is_new = "create" in wanted.prompts and registration.is_open()
    another = another or "select_account" in wanted.prompts
    page_url = reverse("register" if is_new else "account_login")
    return answers.SeeOther(page_url + query(_return_url(given, wanted), stay=False, another=another))


def _return_url(given: Parameters, wanted: AuthorizationRequest) -> str:
    """Return this request's URL for after the authentication. Raises OAuthError if no browser would keep it."""
    values = {name: found for name, found in given.values.items() if name not in {ASKED_AT, "id_token_hint"}}
    values |= {EXPECTED: [wanted.expected]} if wanted.expected else {}
    again = Parameters({**values, ASKED_AT: [str(int(time.time()))]})
    url = f"{reverse('oauth-authorize')}?{again.encoded()}"
    if len(url) > LONGEST:
        raise OAuthError(ErrorCode.INVALID_REQUEST, f"The request is longer than {LONGEST} characters.")
    return url


def _issue(
    request: HttpRequest, user: User, given: Parameters, wanted: AuthorizationRequest, *, asked: bool
) -> HttpResponse:
    """Issue a code to the client, and store the consent with it. A session that has ended meanwhile begins again."""
    tenant_id = decision.tenant_of(user, wanted.client)
    _check_limits(user, wanted, tenant_id)
    try:
        with transaction.atomic():
            sid = sid_of(request)
            agreed = consents.give(
                user, wanted.client, tenant_id, scopes=wanted.released, resources=wanted.resources, asked=asked
            )
            text = codes.issue(_code(request, user, wanted, agreed, sid))
    except SessionEndedMeanwhile:
        return _to_sign_in(given, wanted)
    return answers.answer(request, wanted.to, {"code": text})


def _check_limits(user: User, wanted: AuthorizationRequest, tenant_id: UUID | None) -> None:
    """Raises OAuthError if the person has authorized clients too often, which no person does, but a script."""
    is_over = rate_limits.is_over_anyway(ISSUED, str(user.pk))
    if is_over or not consents.may_give(user, wanted.client, tenant_id):
        raise OAuthError(ErrorCode.TEMPORARILY_UNAVAILABLE, "The person has authorized clients too often.")


def _code(
    request: HttpRequest, user: User, wanted: AuthorizationRequest, agreed: Consent, sid: str
) -> AuthorizationCode:
    how = decision.authentication(request, user, for_tenant=wanted.client.tenant_id)
    return AuthorizationCode(
        client_id=wanted.client.pk,
        user=user,
        consent=agreed,
        tenant_id=agreed.tenant_id,
        pinned_tenant=user.pinned_tenant,
        scopes=wanted.scopes,
        resources=wanted.resources,
        claims=wanted.claims,
        nonce=wanted.nonce,
        auth_time=how.at,
        acr=how.acr,
        amr=how.amr,
        sid=sid,
        session_key=row_key(request.session.session_key),
        not_before=user.not_before,
        client_not_before=wanted.client.not_before,
        redirect_uri=wanted.to.redirect_uri,
        code_challenge=wanted.code_challenge,
    )


def _page_of(refused: OAuthError | AuthorizationRefused) -> AuthorizationRefused:
    return refused if isinstance(refused, AuthorizationRefused) else AuthorizationRefused(refused.reason)


def _language_of(wanted: AuthorizationRequest) -> translation.override:
    """Show our page in the first language of ``ui_locales`` that we have, or else in the browser's."""
    for name in wanted.ui_locales:
        try:
            return translation.override(translation.get_supported_language_variant(name))
        except LookupError:
            continue
    return translation.override(translation.get_language())
