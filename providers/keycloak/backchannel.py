"""Keycloak tells us that somebody has signed out there (OpenID Connect Back-Channel Logout 1.0)."""

import hashlib
import logging
import time
from collections.abc import Mapping
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from redis.exceptions import RedisError

from accounts import limits
from accounts.models import Identity, Session
from accounts.sessions import Because, end_early
from accounts.tenancy.middleware import without_tenant
from audit.context import Actor, ActorKind, acting
from audit.events import Event
from providers import registry
from providers.base import OpenIDProvider
from providers.refusal import Reason, SignInRefused
from providers.refusing import REFUSALS, is_too_often, note_refusal
from providers.upstream import one_deadline
from providers.verification import LEEWAY, verify_logout

logger = logging.getLogger(__name__)

KEYCLOAK = "keycloak"


@without_tenant
@csrf_exempt  # no browser sends this: the token's signature is the proof
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """End the sessions that a logout token names: 200, or 400 and nothing is changed (section 2.8)."""
    provider = registry.enabled().get(KEYCLOAK)
    if not isinstance(provider, OpenIDProvider):
        raise Http404
    try:
        with one_deadline():
            claims = verify_logout(_only_token(request), issuer=provider.issuer, client_id=provider.client.id)
        _refuse_repeated(claims)
    except SignInRefused as refused:
        if is_too_often(request):
            return limits.too_often(REFUSALS)
        note_refusal(Event.SIGN_OUT_REFUSED, KEYCLOAK, refused)
        return JsonResponse({"error": "invalid_request"}, status=400, headers={"Cache-Control": "no-store"})
    with acting(actor=Actor(ActorKind.SERVICE, KEYCLOAK)), transaction.atomic():
        end_early(_named(claims), because=Because.PROVIDER)
    _remember(claims)
    return HttpResponse(headers={"Cache-Control": "no-store"})


def _only_token(request: HttpRequest) -> str | None:
    tokens = request.POST.getlist("logout_token")
    return tokens[0] if len(tokens) == 1 else None


def _named(claims: Mapping[str, Any]) -> list[Session]:
    """Return the live sessions that came from Keycloak and are this subject's, or this one of its sessions.

    Both, where both are named: a ``sid`` ends nobody else's session.
    """
    found = Session.objects.live().filter(provider=KEYCLOAK, user__isnull=False)
    if "sid" in claims:
        found = found.filter(upstream_sid=claims["sid"])
    if "sub" in claims:
        found = found.filter(
            user__in=Identity.objects.filter(issuer=claims["iss"], subject=claims["sub"]).values("user")
        )
    return list(found)


def _refuse_repeated(claims: Mapping[str, Any]) -> None:
    """Without Redis nobody can tell; then ending the sessions once more is the safe side."""
    try:
        is_repeated = cache.get(_key(claims)) is not None
    except RedisError:
        logger.warning("the cache is away: whether this logout token came before is not known")
        return
    if is_repeated:
        raise SignInRefused(Reason.LOGOUT_REPEATED)


def _remember(claims: Mapping[str, Any]) -> None:
    """Afterwards, so that a token whose work failed may come again; twice at once, it does the same work twice."""
    try:
        cache.set(_key(claims), 1, claims["exp"] + 2 * LEEWAY - time.time())
    except RedisError:
        logger.warning("the cache is away: this logout token may come again")


def _key(claims: Mapping[str, Any]) -> str:
    return f"logout:{hashlib.sha256(claims['jti'].encode()).hexdigest()}"
