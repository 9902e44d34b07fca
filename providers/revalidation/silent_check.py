"""Checking a session whose state at its provider is unknown, by redirecting the person there and back.

This happens after the answer to a refresh was lost. Our refresh token may then have been used, so a refusal of it
proves nothing. A session that is not confirmed in time is revoked.
"""

import re
from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponseBase, HttpResponseRedirect

from accounts.models import Identity, Session, User
from accounts.sessions import SessionRevocationReason, SessionStore, revoke
from accounts.sessions.revocation import UpstreamNote
from foundation.clocks import is_older
from foundation.next_page import lost_page, safe_next
from providers import registry
from providers.base import Provider
from providers.buttons import start_url
from providers.errors import NEEDS_THE_PERSON
from providers.flow import Flow, Process, session_began
from providers.models import TokenHealth, UpstreamTokens
from providers.refusal import SignInRefused
from providers.upstream import one_deadline

PATIENCE = timedelta(minutes=15)  # from the lost answer on, for open pages and for code that acts for the person
STARTS = re.compile(r"/accounts/[^/]+/(login|logout)/")  # at a provider
ON_THE_WAY = ("/accounts/logout/", "/accounts/login/", "/accounts/reauthenticate/")


def answered(
    request: HttpRequest, response: HttpResponseBase, unverified_since: datetime, *, is_by_a_person: bool
) -> HttpResponseBase:
    """Redirect a person to the provider instead of returning our page. After PATIENCE, revoke the session."""
    row = Session.objects.of_browser(request.session.session_key).filter(unverified_since=unverified_since).first()
    if row is None:
        return response
    if is_older(unverified_since, PATIENCE):
        revoke(
            [row],
            reason=SessionRevocationReason.PROVIDER,
            note=UpstreamNote(provider=row.provider, detail="answer_lost"),
        )
        return response
    if not is_by_a_person or request.method != "GET" or response.status_code != 200 or _is_on_the_way(request):
        return response
    unverified = _unverified(row)
    return response if unverified is None else _ask_silently(request, unverified) or response


def ask_with_prompt(flow: Flow | None, refused: SignInRefused) -> HttpResponseRedirect | None:
    """Redirect with a prompt after all, if the provider needs the person for an answer (Core, section 3.1.2.6)."""
    provider = registry.find(flow.provider) if flow and flow.silent else None
    if flow is None or provider is None or refused.error not in NEEDS_THE_PERSON:
        return None
    return HttpResponseRedirect(start_url(provider, process=Process.REAUTHENTICATE, next_url=flow.next))


def settle(session: SessionStore, user: User) -> None:
    """After a reauthentication, clear ``unverified_since`` unless another identity of the session is unverified."""
    if session.loaded is None or session.loaded.unverified_since is None:
        return
    rows = Session.objects.filter(user=user, unverified_since=session.loaded.unverified_since)
    row = rows.defer("session_data").first()
    if row is None or _unverified(row) is None:
        session.describe({"unverified_since": None})


def _ask_silently(request: HttpRequest, unverified: tuple[Identity, Provider]) -> HttpResponseRedirect | None:
    """Redirect to the provider with ``prompt=none``, or return None if it is down: the next request tries."""
    identity, provider = unverified
    flow = Flow(
        provider=provider.id,
        process=Process.REAUTHENTICATE,
        next=safe_next(request.get_full_path()) or lost_page(),
        starter=str(identity.user_id),
        session=session_began(request),
        silent=True,
    )
    try:
        with one_deadline():
            response = HttpResponseRedirect(provider.start_url(flow))
    except SignInRefused:
        return None
    flow.remember(request, response)
    return response


def _unverified(row: Session) -> tuple[Identity, Provider] | None:
    """Return an identity of the session and an enabled provider, all of whose followed tokens are dead, if any."""
    followed = {(one["identity"], one["provider"], one["sid"]) for one in row.upstream_sessions}
    pairs = UpstreamTokens.objects.filter(identity__user=row.user_id)
    dead: dict[tuple[Identity, str], bool] = {}
    for pair in pairs.select_related("identity").order_by("pk"):
        if (pair.identity_id, pair.provider, pair.sid) in followed:
            whose = pair.identity, pair.provider
            dead[whose] = dead.get(whose, True) and pair.health == TokenHealth.DEAD
    found = ((identity, registry.find(name)) for (identity, name), is_dead in dead.items() if is_dead)
    return next(((identity, provider) for identity, provider in found if provider), None)


def _is_on_the_way(request: HttpRequest) -> bool:
    return request.path.startswith(ON_THE_WAY) or bool(STARTS.match(request.path))
