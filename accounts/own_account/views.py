"""The overview of one's own account, and its sessions."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts.models import Session, User
from accounts.models.session import row_key
from accounts.organizations.middleware import without_tenant
from accounts.own_account.sign_in_methods import ProviderLabel, sign_in_methods
from accounts.sessions import SessionRevocationReason, revoke, revoke_others
from accounts.sessions.signed_in import open_when_pinned, signed_in
from accounts.sign_in.provider_names import name_of
from accounts.sign_in.reauthentication import notices
from foundation.browsers import name_browser
from foundation.next_page import LOST
from foundation.post_only import post_only

CLAIMS_UNREAD = "claims_unread"  # key in the session: the provider whose claims for claim rules were unreadable


@without_tenant
@require_safe
@signed_in
@open_when_pinned
def account(request: HttpRequest, user: User) -> HttpResponse:
    _add_messages(request, user)
    if user.pinned_tenant is not None:
        return render(request, "accounts/pinned.html", {"person": user})
    context = {"person": user, "sign_in_methods": sign_in_methods(request, user)}
    return render(request, "accounts/account.html", context)


@dataclass(frozen=True, kw_only=True)
class Device:
    """A session as its owner sees it."""

    browser: str
    ip_address: str
    provider: ProviderLabel | None
    created_at: datetime
    last_seen_at: datetime
    is_current: bool
    end_url: str


@without_tenant
@require_safe
@signed_in
def sessions(request: HttpRequest, user: User) -> HttpResponse:
    context = {
        "sessions": [_device(row, request.session.session_key) for row in user.sessions.live()],
        "end_others_url": reverse("revoke-other-sessions"),
    }
    return render(request, "accounts/sessions.html", context)


@without_tenant
@post_only("sessions")
@signed_in
def revoke_one_session(request: HttpRequest, user: User, public_id: str) -> HttpResponse:
    revoke([row for row in user.sessions.live() if row.public_id == public_id], reason=SessionRevocationReason.OWNER)
    messages.success(request, _("Signed out there."))
    return redirect("sessions")


@without_tenant
@post_only("sessions")
@signed_in
def revoke_other_sessions(request: HttpRequest, user: User) -> HttpResponse:
    revoke_others(user, keep=request.session.session_key, reason=SessionRevocationReason.OWNER)
    messages.success(request, _("Signed out there."))
    return redirect("sessions")


def _add_messages(request: HttpRequest, user: User) -> None:
    """Add messages about the last sign-in: its lost destination, unreadable claims, and acts that it alone allowed."""
    if LOST in request.GET:
        messages.warning(
            request, _("The page you came for has an address that is too long for us to remember. Open it again now.")
        )
    if provider := request.session.pop(CLAIMS_UNREAD, None):
        words = _(
            "%(provider)s did not tell us which groups or roles you have there. What they open here stays closed to "
            "you until you sign in again and we can read them."
        )
        messages.warning(request, words % {"provider": name_of(provider)})
    notices.add_message(request, user)


def _device(row: Session, current: str | None) -> Device:
    return Device(
        browser=name_browser(row.user_agent),
        ip_address=row.ip_address or "",
        provider=ProviderLabel(id=row.provider, name=name_of(row.provider)) if row.provider else None,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        is_current=row.session_key == row_key(current),
        end_url=reverse("revoke-session", kwargs={"public_id": row.public_id}),
    )
