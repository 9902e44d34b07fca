"""The endpoint through which a provider ends sessions here (OpenID Connect Back-Channel Logout 1.0)."""

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

LAST_MOMENT = 253_402_300_799  # seconds since the epoch: the end of the year 9999, the last that datetime supports
INSERT_SEEN = """
    INSERT INTO "providers_seenlogouttoken" (digest, expires_at) VALUES (%s, %s) ON CONFLICT (digest) DO NOTHING
"""


@without_tenant
@csrf_exempt  # no browser sends this: the token's signature is the proof
@require_POST
def receive(request: HttpRequest, provider_id: str) -> HttpResponse:
    """End the sessions, and the unfinished sign-ins, that a logout token names and that came through this provider.

    Each provider has an address of its own, so that it ends nothing that came through another of the same issuer, or
    through another tenant's. The answer is 200, or 400 if nothing was changed (section 2.8).
    """
    provider = registry.find(provider_id)
    if not isinstance(provider, OpenIDProvider):
        raise Http404
    try:
        with one_deadline():
            issuer = provider.issuer.asked_by(stranger())
            claims = verify_logout(_only_token(request), issuer=issuer, client_id=provider.client.id)
        with acting(actor=Actor(ActorKind.SERVICE, provider.id)), transaction.atomic():
            _accept_once(provider, claims)
            revoke_upstream(_named(provider, claims))
    except SignInRefused as refused:
        if is_too_often(request):
            return rate_limits.too_many_requests(rate_limits.REFUSALS)
        record_refusal(Event.SIGN_OUT_REFUSED, provider.id, refused)
        return JsonResponse({"error": "invalid_request"}, status=400, headers={"Cache-Control": "no-store"})
    return HttpResponse(headers={"Cache-Control": "no-store"})


def _only_token(request: HttpRequest) -> str | None:
    tokens = request.POST.getlist("logout_token")
    return tokens[0] if len(tokens) == 1 else None


def _named(provider: OpenIDProvider, claims: Mapping[str, Any]) -> LogoutTarget:
    """Return ``sid`` and ``sub``. Where both are given, both must match, so that a ``sid`` ends no other's session."""
    return LogoutTarget(
        provider=provider.id, issuer=claims["iss"], sid=claims.get("sid", ""), subject=claims.get("sub", "")
    )


def _accept_once(provider: OpenIDProvider, claims: Mapping[str, Any]) -> None:
    """Refuse a token that any process has already accepted for this provider.

    It is recorded in the transaction that does the work, so a token whose work failed may be sent again. Of two at
    once, the second waits for the outcome of the first.
    """
    digest = hashlib.sha256(f"{provider.id}\n{claims['iss']}\n{claims['jti']}".encode()).hexdigest()
    given: list[Any] = [digest, datetime.fromtimestamp(min(claims["exp"] + 2 * LEEWAY_SECONDS, LAST_MOMENT), UTC)]
    if not change(INSERT_SEEN, given):
        raise SignInRefused(RefusalReason.LOGOUT_REPEATED, "this logout token was used before")
