"""The endpoint through which Keycloak ends sessions here (OpenID Connect Back-Channel Logout 1.0)."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts.organizations.middleware import without_tenant
from accounts.sessions.upstream_logout import LogoutTarget, revoke_upstream
from accounts.sign_in import rate_limits
from audit.context import Actor, ActorKind, acting
from audit.events import Event
from foundation.clocks import LEEWAY_SECONDS
from foundation.rows import change
from providers import registry
from providers.openid import OpenIDProvider
from providers.refusal import RefusalReason, SignInRefused
from providers.refusal_responses import is_too_often, record_refusal
from providers.unknown_keys import stranger
from providers.upstream import one_deadline
from providers.verification import verify_logout

KEYCLOAK = "keycloak"
LAST_MOMENT = 253_402_300_799  # seconds since the epoch: the end of the year 9999, the last that datetime supports
INSERT_SEEN = """
    INSERT INTO "providers_seenlogouttoken" (digest, expires_at) VALUES (%s, %s) ON CONFLICT (digest) DO NOTHING
"""


@without_tenant
@csrf_exempt  # no browser sends this: the token's signature is the proof
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """End the sessions, and the unfinished sign-ins, that a logout token names.

    The answer is 200, or 400 if nothing was changed (section 2.8).
    """
    provider = registry.find(KEYCLOAK)
    if not isinstance(provider, OpenIDProvider):
        raise Http404
    try:
        with one_deadline():
            issuer = provider.issuer.asked_by(stranger())
            claims = verify_logout(_only_token(request), issuer=issuer, client_id=provider.client.id)
        with acting(actor=Actor(ActorKind.SERVICE, KEYCLOAK)), transaction.atomic():
            _accept_once(claims)
            revoke_upstream(_named(claims))
    except SignInRefused as refused:
        if is_too_often(request):
            return rate_limits.too_many_requests(rate_limits.REFUSALS)
        record_refusal(Event.SIGN_OUT_REFUSED, KEYCLOAK, refused)
        return JsonResponse({"error": "invalid_request"}, status=400, headers={"Cache-Control": "no-store"})
    return HttpResponse(headers={"Cache-Control": "no-store"})


def _only_token(request: HttpRequest) -> str | None:
    tokens = request.POST.getlist("logout_token")
    return tokens[0] if len(tokens) == 1 else None


def _named(claims: Mapping[str, Any]) -> LogoutTarget:
    """Return ``sid`` and ``sub``. Where both are given, both must match, so that a ``sid`` ends no other's session."""
    return LogoutTarget(
        provider=KEYCLOAK, issuer=claims["iss"], sid=claims.get("sid", ""), subject=claims.get("sub", "")
    )


def _accept_once(claims: Mapping[str, Any]) -> None:
    """Refuse a token that any process has already accepted.

    It is recorded in the transaction that does the work, so a token whose work failed may be sent again. Of two at
    once, the second waits for the outcome of the first.
    """
    digest = hashlib.sha256(f"{claims['iss']}\n{claims['jti']}".encode()).hexdigest()
    given: list[Any] = [digest, datetime.fromtimestamp(min(claims["exp"] + 2 * LEEWAY_SECONDS, LAST_MOMENT), UTC)]
    if not change(INSERT_SEEN, given):
        raise SignInRefused(RefusalReason.LOGOUT_REPEATED, "this logout token was used before")
