"""Signing out here, and at the provider too if it supports that and the person asks for it.

OpenID Connect RP-Initiated Logout 1.0. A person who stays signed in at the provider can sign in here again with one
click. That is fine on one's own device but not on a shared one, and only the person knows which it is (ADR 24).
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import Identity, Session, User
from accounts.organizations.middleware import without_tenant
from accounts.sessions import UpstreamSession, closing, last_session
from foundation import lifetimes
from foundation.cookies import cookie_name, delete_cookie, set_cookie
from foundation.next_page import ACCOUNT, ANOTHER, as_cookie, from_cookie, query, requested_next, wants_another
from foundation.rows import release_connection
from providers import registry, vault
from providers.base import Provider, origin_of, with_query
from providers.buttons import let_forms_lead_to
from providers.refusal import SignInRefused
from providers.revocation.acts import revoke_tokens
from providers.revocation.outbox import TokenRevocationReason
from providers.tokens import claims_of

STILL_IN_THERE = _(
    "You are signed out here, but not at %(provider)s: we cannot reach its sign-out page right now. If others use "
    "this device, sign out there yourself."
)
ASKED = "there_too"  # in the URLs of the page and its form: sign out at the provider too
COOKIE = cookie_name("sign_out")
ONWARD = "~"  # separates the parts of the cookie; it occurs in no provider id or state
LONGEST_HINT = 4096  # characters: it is part of a URL, and servers accept 8192


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Where a session came from: the provider, and its own session there.

    ``sids`` are the ids of all sessions there in which that identity authenticated during this session of ours.
    """

    provider: Provider
    upstream: UpstreamSession = field(repr=False)
    sids: frozenset[str]


@without_tenant
@require_http_methods(["GET", "HEAD", "POST"])
def sign_out(request: HttpRequest) -> HttpResponse:
    """GET shows a confirmation and POST signs out, so that another site's page cannot sign a person out.

    If the person wants to sign out at the provider too, this waits for the provider.
    """
    if request.method != "POST":
        return _ask(request)
    origin = _origin(request) if _is_asked_for(request) else None
    there = _provider_sign_out(request, origin) if origin else None
    with transaction.atomic():
        if origin:
            _sign_out(request.user, origin)
        closing.close_session(request)
    if origin is None:
        messages.success(request, _("You are signed out."))
    elif there is None:
        messages.warning(request, STILL_IN_THERE % {"provider": origin.provider.name})
    return there or _to_sign_in(_onward(request))


@without_tenant
@require_GET
def provider_callback(request: HttpRequest, provider_id: str) -> HttpResponse:
    """Post-logout redirect. Confirm the sign-out and continue only if the browser's state cookie matches."""
    provider = registry.find(provider_id)
    if provider is None:
        raise Http404
    sent, _mark, onward = request.COOKIES.get(COOKIE, "").partition(ONWARD)
    was_sent = bool(sent) and constant_time_compare(sent, f"{provider_id}.{request.GET.get('state', '')}")
    if was_sent:
        messages.success(request, _("You are signed out, at %(provider)s too.") % {"provider": provider.name})
        response = _to_sign_in(_read_onward(onward))
    else:
        response = redirect("account_login")
    delete_cookie(response, COOKIE)
    return response


def _sign_out(user: Any, origin: Origin) -> None:
    """Enqueue the revocation of these sessions' tokens, as the person wants to sign out at the provider."""
    last_session.lock_people([user.pk])  # before the identity, as all acts do
    for identity in Identity.objects.filter(pk=origin.upstream.identity, user=user):
        for sid in sorted(origin.sids):
            only = replace(origin.upstream, sid=sid)
            revoke_tokens([identity], reason=TokenRevocationReason.SIGNED_OUT, only=only)


def _ask(request: HttpRequest) -> HttpResponse:
    """Return the confirmation page. It offers the provider's own sign-out if its metadata contains one."""
    origin = _origin(request)
    endpoint = origin.provider.end_session_endpoint if origin else ""
    provider = origin.provider if origin and endpoint else None
    there_too = provider is not None and _is_asked_for(request)
    here, both = (reverse("account_logout") + _query(request, there_too=is_on) for is_on in (False, True))
    ways = (both, here) if there_too else (here, both)
    context = {
        "provider": provider,
        "is_offline": provider is not None and provider.id in settings.OFFLINE_ACCESS,
        "there_too": there_too,
        "action": ways[0],
        "other_way": ways[1],
    }
    response = render(request, "accounts/sign_out.html", context)
    if there_too:
        let_forms_lead_to(response, {origin_of(endpoint)})
    return response


def _onward(request: HttpRequest) -> dict[str, str]:
    """Return the parameters for the sign-in page, such as that the person wants to use another account."""
    parameters = {"next": requested_next(request), ACCOUNT: ANOTHER if wants_another(request) else ""}
    return {name: value for name, value in parameters.items() if value}


def _stored_next(request: HttpRequest) -> str:
    parameters = _onward(request)
    return f"{parameters.get(ACCOUNT, '')}{ONWARD}{as_cookie(parameters.get('next', ''))}"


def _read_onward(kept: str) -> dict[str, str]:
    """Return what ``_stored_next`` put into the cookie. It is validated like URL parameters."""
    account, _mark, next_url = kept.partition(ONWARD)
    onward = {"next": from_cookie(next_url), ACCOUNT: ANOTHER if account == ANOTHER else ""}
    return {name: value for name, value in onward.items() if value}


def _query(request: HttpRequest, *, there_too: bool) -> str:
    another = wants_another(request)
    return query(requested_next(request), stay=False, another=another, **({ASKED: "on"} if there_too else {}))


def _is_asked_for(request: HttpRequest) -> bool:
    return request.GET.get(ASKED) == "on"


def _origin(request: HttpRequest) -> Origin | None:
    """Return where this session came from, if that is an enabled provider."""
    if not isinstance(request.user, User):
        return None
    row = Session.objects.of_browser(request.session.session_key).defer("session_data").first()
    provider = registry.find(row.provider) if row else None
    opened_by = [one["identity"] for one in row.upstream_sessions if one["opened"]] if row else []
    if row is None or provider is None or not opened_by:
        return None
    upstream = UpstreamSession(provider=provider.id, identity=opened_by[0], sid=row.upstream_sid)
    there = (upstream.identity, upstream.provider)
    sids = {one["sid"] for one in row.upstream_sessions if (one["identity"], one["provider"]) == there}
    return Origin(provider=provider, upstream=upstream, sids=frozenset({upstream.sid, *sids}))


def _provider_sign_out(request: HttpRequest, origin: Origin) -> HttpResponse | None:
    """Return a redirect to the provider's own sign-out, or None if it is unknown or the provider does not answer."""
    endpoint = origin.provider.end_session_endpoint
    if not endpoint or not _answers(origin.provider):
        return None
    state = secrets.token_urlsafe(32)
    path_back = reverse("provider-logout-callback", kwargs={"provider_id": origin.provider.id})
    hint = _hint(request.user, origin)
    parameters = {
        **({"id_token_hint": hint} if hint else {}),
        "client_id": origin.provider.client.id,
        "post_logout_redirect_uri": f"{settings.PUBLIC_URL}{path_back}",
        "state": state,
    }
    response = HttpResponseRedirect(with_query(endpoint, parameters))
    set_cookie(
        response,
        COOKIE,
        f"{origin.provider.id}.{state}{ONWARD}{_stored_next(request)}",
        max_age=lifetimes.SIGN_OUT_AT_PROVIDER,
    )
    return response


def _answers(provider: Provider) -> bool:
    release_connection()
    try:
        provider.reachability.check()
    except SignInRefused:
        return False
    return True


def _hint(user: Any, origin: Origin) -> str:
    """Return the ID token of this session, if it is still stored. Without a hint the provider asks the person.

    A token of another device, which must stay signed in, is never used: the ``sid`` in the token must match.
    """
    token = vault.id_token(user, origin.upstream, issuer=origin.provider.issues_as)
    is_this_sessions = bool(token) and _sid_in(token) == origin.upstream.sid
    return token if is_this_sessions and len(token) <= LONGEST_HINT else ""


def _sid_in(id_token: str) -> str | None:
    """Return the token's ``sid``, "" if it has none (our session has none either then), or None if it is invalid."""
    claims = claims_of(id_token)
    sid = claims.get("sid", "")
    return sid if claims and isinstance(sid, str) else None


def _to_sign_in(onward: Mapping[str, str]) -> HttpResponse:
    parameters = query(onward.get("next", ""), stay=False, another=onward.get(ACCOUNT) == ANOTHER)
    return redirect(reverse("account_login") + parameters)
