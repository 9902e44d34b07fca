"""Where links in mails lead: each to the page of its purpose, or to one that says that it is over."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from accounts import address_views
from accounts.local import pages as local_pages
from accounts.mailing import links
from accounts.models import MailedLink, Purpose

PAGES: dict[str, Callable[[HttpRequest, MailedLink], HttpResponse]] = {
    Purpose.ADDRESS_CHANGE: address_views.confirm,
    Purpose.ADDRESS_DISOWN: address_views.disown,
    Purpose.REGISTRATION: local_pages.register_by_link,
    Purpose.PASSWORD_RESET: local_pages.reset_by_link,
}


@require_http_methods(["GET", "HEAD", "POST"])
def follow(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, POST does: what opens the links of every mail before people do, changes nothing."""
    try:
        link = links.find(token)
        return PAGES[link.purpose](request, link)
    except links.LinkDead:
        return render(request, "accounts/link_dead.html", status=410)
