"""The pages that lead to providers: sign-in, and the ways into one's own account."""

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.mailing import notices
from accounts.mailing.notices import Notice
from accounts.models import Identity, User
from accounts.organizations.claim_rules import applying
from accounts.organizations.middleware import without_tenant
from accounts.own_account.page_notices import Caution
from accounts.own_account.sign_in_methods import ways_in
from accounts.sessions import Because, end_others
from accounts.sessions.ending import ENDED_THERE
from accounts.sessions.signed_in import signed_in
from accounts.sign_in.local import registration
from accounts.sign_in.provider_names import name_of
from accounts.sign_in.reauthentication import gate
from accounts.sign_in.reauthentication import notices as telling
from foundation.next_page import lost_page, query, wanted_next, wants_another, wants_to_stay
from providers import registry, vault
from providers.buttons import buttons, page_with_buttons, start_url
from providers.flow import Process
from providers.linking import disconnect
from providers.refusal import SignInRefused
from providers.refusing import refuse

NOTICES = {
    "signed_out": _("You are signed out."),
    "signed_out_there": _("You are signed out, at %(provider)s too."),
    "still_in_there": _(
        "You are signed out here, but not at %(provider)s: we cannot reach its sign-out page right now. If others use "
        "this device, sign out there yourself."
    ),
    "ended_meanwhile": _(
        "You are not signed in. While you were signing in, your account was locked, signed out everywhere, or changed: "
        "its password, second factor, sign-in methods or roles. Start again, or ask your administrator."
    ),
    "waited_too_long": _(
        "You are not signed in. Nothing waits for your second factor here any more: after a while we forget the first "
        "step. Start again."
    ),
    "password_chosen": _("Your new password is set, and you are signed out everywhere. Sign in with it."),
    "connected": _("Connected. You can sign in with it from now on. Your other devices were signed out."),
    "connected_already": _("That one was already connected."),
    "reauthenticated": _("Thank you. You can connect another sign-in method now."),
    "renewed": _("Thank you. We can work there on your behalf again."),
    "disconnected": _("Disconnected. Your other devices were signed out."),
}
CAUTIONS = {"still_in_there", "ended_meanwhile"}


@without_tenant
@require_safe
def sign_in(request: HttpRequest) -> HttpResponse:
    next_url = wanted_next(request)
    if request.user.is_authenticated:
        return redirect(next_url or "account")
    stay, another = wants_to_stay(request), wants_another(request)
    said = {name: request.GET.get(name, "") for name in ("notice", "provider")}  # stays while boxes are ticked
    return page_with_buttons(
        request,
        "accounts/sign_in.html",
        {
            "providers": buttons(request, next_url=next_url),
            "notice": _ended_there(request) or _notice(request),
            "has_local_accounts": registration.is_on(),
            "admin_url": _admin_door(next_url),
            "is_open_to_all": registration.is_open(),
            "query": query(next_url, stay=stay),
            "stays": stay,
            "other_way": request.path + query(next_url, stay=not stay, another=another, **said),
            "is_another": another,
            "is_next_lost": next_url == lost_page(),
            "choosing_way": request.path + query(next_url, stay=stay, another=not another, **said),
        },
    )


@without_tenant
@require_safe
@signed_in
def connections(request: HttpRequest, user: User) -> HttpResponse:
    next_url = wanted_next(request)
    told = telling.notice(request)
    notice = " ".join(filter(None, [_notice(request), told]))
    context = {
        "ways_in": ways_in(request, user),
        "connectable": buttons(request, process=Process.CONNECT, next_url=next_url),
        "onward": next_url,
        "over": _over(user),
        "notice": Caution(notice) if told else notice,
    }
    return page_with_buttons(request, "accounts/connections.html", context)


def _admin_door(next_url: str) -> str:
    """Return the page with the password of administrators, for who was going there and would find none here."""
    is_only_there = settings.LOCAL_PASSWORDS and not registration.is_on()
    is_going_there = next_url.startswith(reverse("admin:index"))
    return reverse("admin:login") + query(next_url, stay=False) if is_only_there and is_going_there else ""


def _over(person: User) -> list[dict[str, str]]:
    """Sign-in methods whose provider we cannot ask on the person's behalf any more, and how that is mended."""
    ready = registry.enabled()
    back = reverse("connections")
    return [
        {
            "name": ready[identity.provider].name,
            "email": identity.email,
            "start_url": start_url(
                ready[identity.provider], process=Process.REAUTHENTICATE, next_url=f"{back}?notice=renewed"
            ),
        }
        for identity in vault.over(person)
        if identity.provider in ready
    ]


@without_tenant
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def disconnect_page(request: HttpRequest, user: User, identity_id: int) -> HttpResponse:
    identity = get_object_or_404(Identity, pk=identity_id, user=user)
    if not gate.is_fresh(request):
        return gate.ask(request)
    if request.method != "POST":
        way_in = next(way for way in ways_in(request, user) if way.identity_id == identity.pk)
        return render(request, "accounts/disconnect.html", {"way_in": way_in, "action": request.path})
    try:
        with transaction.atomic():  # whoever came in by it leaves with it, or nothing happens
            disconnect(identity)
            applying.leave(identity, keep=request.session.session_key)
            end_others(user, keep=request.session.session_key, because=Because.IDENTITY_DISCONNECTED)
            notices.tell(user, Notice.IDENTITY_DISCONNECTED, provider=name_of(identity.provider))
    except SignInRefused as refused:
        return refuse(request, identity.provider, refused)
    return redirect_with_notice("connections", "disconnected")


def redirect_with_notice(name: str, notice: str) -> HttpResponse:
    response = redirect(name)
    response.headers["Location"] += f"?notice={notice}"
    return response


def _ended_there(request: HttpRequest) -> str:
    """Tell once why this browser is signed out, which its person did not do."""
    provider = registry.enabled().get(request.session.pop(ENDED_THERE, ""))
    if provider is None:
        return ""
    words = _("You were signed out because your session at %(provider)s has ended. Sign in again to continue.")
    return Caution(str(words) % {"provider": provider.name})


def _notice(request: HttpRequest) -> str:
    """Those that name a provider are shown for one that there is."""
    notice = request.GET.get("notice", "")
    words = str(NOTICES.get(notice, ""))
    if "%(provider)s" in words:
        provider = registry.enabled().get(request.GET.get("provider", ""))
        words = words % {"provider": provider.name} if provider else ""
    return Caution(words) if notice in CAUTIONS else words
