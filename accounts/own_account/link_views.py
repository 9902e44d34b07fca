"""The view of links in mails: it shows the page of the link's purpose, or says that the link has expired."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts.mailing import links
from accounts.models import MailedLink, Purpose
from accounts.own_account import email_views
from accounts.sessions import SessionRevocationReason
from accounts.sign_in.local import views as local_pages

PAGES: dict[str, Callable[[HttpRequest, MailedLink], HttpResponse]] = {
    Purpose.EMAIL_CHANGE: email_views.confirm,
    Purpose.EMAIL_DISOWN: email_views.disown,
    Purpose.REGISTRATION: local_pages.register_by_link,
    Purpose.PASSWORD_RESET: local_pages.reset_by_link,
}

CHANGED = _("This link no longer works, since something about how your account is entered was changed meanwhile.")
REASONS: dict[str, Promise] = {
    SessionRevocationReason.OWNER: _("This link no longer works, since your other devices were signed out."),
    SessionRevocationReason.IDENTITY_CONNECTED: _("This link no longer works, since a sign-in method was connected."),
    SessionRevocationReason.IDENTITY_DISCONNECTED: _(
        "This link no longer works, since a sign-in method was disconnected."
    ),
    SessionRevocationReason.EMAIL_CHANGED: _("This link no longer works, since the address was changed."),
    SessionRevocationReason.EMAIL_CHANGE_DISOWNED: _("This link no longer works: somebody said that it was not them."),
    SessionRevocationReason.PASSWORD_RESET: _("This link no longer works, since the password was changed."),
    SessionRevocationReason.PASSWORD_CHANGED: _("This link no longer works, since the password was changed."),
    SessionRevocationReason.FACTOR_ADDED: _("This link no longer works, since a second factor was added."),
    SessionRevocationReason.FACTOR_REMOVED: _("This link no longer works, since a second factor was removed."),
    SessionRevocationReason.ROLE_CHANGED: _("This link no longer works, since your roles were changed."),
    SessionRevocationReason.ADMINISTRATOR: _("This link no longer works, since an administrator signed you out."),
}


@require_http_methods(["GET", "HEAD", "POST"])
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, POST acts: mail filters open links before people do, and must not change anything."""
    try:
        link = links.find(token)
        return PAGES[link.purpose](request, link)
    except links.LinkExpired as dead:
        return render(request, "accounts/link_expired.html", {"reason": _reason(dead)}, status=410)


def _reason(dead: links.LinkExpired) -> str:
    return str(REASONS.get(dead.reason, CHANGED)) if dead.reason not in {"", links.REPLACED} else ""
