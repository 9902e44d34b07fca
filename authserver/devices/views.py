"""The pages where a person enters the code that a device shows, and decides."""

from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import User
from accounts.models.session import row_key
from accounts.organizations.middleware import without_tenant
from accounts.sessions.client_sid import SessionEndedMeanwhile, sid_of
from accounts.sessions.signed_in import open_when_pinned, redirect_to_reauthenticate, signed_in
from accounts.sign_in import rate_limits
from authserver import scopes
from authserver.authorization import consents, decision, pinned
from authserver.authorization.page import digest_of_page, names_of
from authserver.clients.authentication import get
from authserver.devices import codes
from authserver.models import Client, DeviceCode
from authserver.protocol.errors import OAuthError
from foundation.post_only import post_only

TRIES = rate_limits.Limit(kind="device_codes.entered", most=10, seconds=600)  # for each account, against guessing
ANSWERS = rate_limits.Limit(kind="device_codes.answered", most=10, seconds=600)  # likewise: an answer is a guess too
LONGEST = 40


@without_tenant
@require_safe
@signed_in
@open_when_pinned
def enter(request: HttpRequest, user: User) -> HttpResponse:
    """Show the field for the code. A link may bring the code along, which the person then only compares."""
    typed = request.GET.get("user_code", "")[:LONGEST]
    return render(request, "authserver/device.html", {"typed": typed, "action": reverse("device-check")})


@without_tenant
@post_only("oauth-device")
@signed_in
@open_when_pinned
def check(request: HttpRequest, user: User) -> HttpResponseBase:
    """Look a code up, and ask the person whether the app on the device may act for them."""
    if not rate_limits.count(TRIES.kind, str(user.pk), limit=TRIES.most, seconds=TRIES.seconds):
        return rate_limits.too_many_requests(TRIES)
    typed = request.POST.get("user_code", "")[:LONGEST]
    code = codes.find(typed)
    if code is None:
        return _unknown(request)
    if pinned.is_closed(user, get(code.client_id)):
        return _to_reauthenticate(request, typed)
    try:
        return _ask(request, user, code, typed)
    except OAuthError:
        return _refused(request, code)


def _to_reauthenticate(request: HttpRequest, typed: str) -> HttpResponseBase:
    """Let the person of a pinned session prove what its tenant does not control, and come back with the code."""
    return redirect_to_reauthenticate(request, next=f"{reverse('oauth-device')}?{urlencode({'user_code': typed})}")


def _ask(request: HttpRequest, user: User, code: DeviceCode, typed: str) -> HttpResponse:
    client = get(code.client_id)
    tenant_id = decision.tenant_of(user, client)
    names = names_of(tenant_id, client.tenant_id)
    query = urlencode({"user_code": typed})
    seen = _shown(user, code, tenant_id)
    context = {
        "client": client,
        "asks": True,
        "is_device": True,
        "organization": names.get(tenant_id),
        "registered_by": names.get(client.tenant_id),
        "wishes": list(scopes.in_words(code.scopes).values()),
        "resources": code.resources,
        "action": f"{reverse('device-allow', kwargs={'shown': seen})}?{query}",
        "refuse_url": f"{reverse('device-refuse')}?{query}",
    }
    return render(request, "authserver/consent.html", context)


@without_tenant
@post_only("oauth-device", keeps_query=True)
@signed_in
@open_when_pinned
def allow(request: HttpRequest, user: User, shown: str) -> HttpResponseBase:
    """Take the person's consent to what the page has shown."""
    if not _may_answer(user):
        return rate_limits.too_many_requests(ANSWERS)
    code = codes.find(request.GET.get("user_code", ""))
    if code is None:
        return _unknown(request)
    client = get(code.client_id)
    if pinned.is_closed(user, client):
        return _to_reauthenticate(request, request.GET["user_code"])
    try:
        tenant_id = decision.tenant_of(user, client)
    except OAuthError:
        return _refused(request, code)
    is_as_shown = _shown(user, code, tenant_id) == shown
    return _allowed(request, user, client, code, tenant_id) if is_as_shown else _unknown(request)


def _allowed(
    request: HttpRequest, user: User, client: Client, code: DeviceCode, tenant_id: UUID | None
) -> HttpResponseBase:
    if not consents.may_give(user, client, tenant_id):
        return rate_limits.too_many_requests(consents.GIVEN)
    try:
        with transaction.atomic():
            is_taken = _approve(request, user, client, code, tenant_id)
            if not is_taken:
                transaction.set_rollback(True)  # no consent without its answer
    except SessionEndedMeanwhile:
        return redirect("oauth-device")
    done = {"client": client, "is_allowed": True}
    return render(request, "authserver/device_done.html", done) if is_taken else _unknown(request)


@without_tenant
@post_only("oauth-device", keeps_query=True)
@signed_in
@open_when_pinned
def refuse(request: HttpRequest, user: User) -> HttpResponseBase:
    """Tell the device that the person does not agree."""
    if not _may_answer(user):
        return rate_limits.too_many_requests(ANSWERS)
    code = codes.find(request.GET.get("user_code", ""))
    return _unknown(request) if code is None else _refused(request, code)


def _may_answer(user: User) -> bool:
    return rate_limits.count(ANSWERS.kind, str(user.pk), limit=ANSWERS.most, seconds=ANSWERS.seconds)


def _approve(request: HttpRequest, user: User, client: Client, code: DeviceCode, tenant_id: UUID | None) -> bool:
    """Store the consent and the answer; return whether the code still waited for one."""
    sid, how = sid_of(request), decision.authentication(request, user, for_tenant=client.tenant_id)
    agreed = consents.give(
        user,
        client,
        tenant_id,
        scopes=code.scopes,
        resources=code.resources,
        asked=True,
    )
    return codes.approve(
        code,
        agreed,
        user=user,
        auth_time=how.at,
        acr=how.acr,
        amr=how.amr,
        sid=sid,
        session_key=row_key(request.session.session_key),
        not_before=user.not_before,
        pinned_tenant=user.pinned_tenant,
    )


def _refused(request: HttpRequest, code: DeviceCode) -> HttpResponse:
    codes.refuse(code)
    return render(request, "authserver/device_done.html", {"client": get(code.client_id), "is_allowed": False})


def _unknown(request: HttpRequest) -> HttpResponseBase:
    messages.warning(
        request, _("This code is unknown or has expired. Compare it with the device, or get a new one there.")
    )
    return redirect("oauth-device")


def _shown(user: User, code: DeviceCode, tenant_id: object) -> str:
    """Return a digest of what the page shows, as for other consents."""
    return digest_of_page(str(user.pk), code.digest, str(tenant_id), scopes=code.scopes, resources=code.resources)
