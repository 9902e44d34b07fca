"""The pages that lead to providers: the sign-in page, and the page of one's own sign-in methods."""

from dataclasses import dataclass

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Identity, User
from accounts.organizations.middleware import without_tenant
from accounts.own_account.sign_in_methods import sign_in_methods
from accounts.sessions.revocation import UPSTREAM_NOTE
from accounts.sessions.signed_in import signed_in
from accounts.sign_in import rate_limits
from accounts.sign_in.local import registration
from accounts.sign_in.reauthentication import gate
from accounts.sign_in.reauthentication import notices as telling
from accounts.sign_in.reauthentication.acts import Act, after_reauthentication_to_connect
from foundation.app_hints import hints_in
from foundation.next_page import CHOICE, lost_page, query, requested_next, wants_another, wants_to_stay
from foundation.public_url import HERE, is_elsewhere
from providers import registry, vault
from providers.base import Provider
from providers.buttons import buttons, page_with_buttons, start_url
from providers.disconnection import disconnect
from providers.flow import Process
from providers.refusal import SignInRefused
from providers.refusal_responses import refuse
from providers.views import by_address


@dataclass(frozen=True, kw_only=True)
class ExpiredMethod:
    """A sign-in method whose tokens are no longer valid, and where to sign in again."""

    name: str
    email: str
    start_url: str
    origins: frozenset[str]


@without_tenant
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Offer every sign-in method, or first ask for the address alone (``by_address``), which is what POST is for."""
    form = by_address.form_of(request)
    if form is None and request.method == "POST":
        return HttpResponseNotAllowed(["GET", "HEAD"])
    next_url = requested_next(request)
    if request.user.is_authenticated:
        return redirect(next_url or "account")
    if form is not None and is_elsewhere(request):  # the cookie of an attempt that begins here would be lost
        stay, another = wants_to_stay(request), wants_another(request)
        here = query(next_url, stay=stay, another=another, **{HERE: "on"})
        return redirect(f"{settings.PUBLIC_URL}{request.path}{here}")
    if form is None or request.method != "POST":
        return _sign_in_page(request, next_url, form)
    if limit := by_address.exceeded(form):
        return rate_limits.too_many_requests(limit)
    led_on = by_address.lead_on(request, form) if form.is_valid() else None
    return led_on or _sign_in_page(request, next_url, form)


def _sign_in_page(request: HttpRequest, next_url: str, form: by_address.AddressForm | None) -> HttpResponse:
    stay, another = wants_to_stay(request), wants_another(request)
    expected = registry.find(hints_in(next_url).provider)
    is_asked = form is not None and form.is_bound
    if expected and not (is_asked or another or CHOICE in request.GET or messages.get_messages(request)):
        return redirect(start_url(expected, next_url=next_url, stay=stay))
    _add_upstream_note(request)
    offers = another or CHOICE in request.GET or len(messages.get_messages(request)) > 0
    choice = {CHOICE: "on"} if offers else {}  # kept when a box is ticked
    asks_alone = form is not None and not (form.is_valid() or another or CHOICE in request.GET)
    offered = [] if asks_alone else buttons(request, next_url=next_url)
    return page_with_buttons(
        request,
        "accounts/sign_in.html",
        {
            "form": form,
            "asks_alone": asks_alone,
            "action": request.get_full_path(),
            "providers": offered,
            "has_local_accounts": registration.is_on(),
            "admin_url": _admin_login_url(next_url),
            "is_open_to_all": registration.is_open(),
            "query": query(next_url, stay=stay),
            "stays": stay,
            "other_way": request.path + query(next_url, stay=not stay, another=another, **choice),
            "is_another": another,
            "offers_another": offers,
            "is_next_lost": next_url == lost_page(),
            "choosing_way": request.path + query(next_url, stay=stay, another=not another, **choice),
            "every_way": request.path + query(next_url, stay=stay, another=False, **{CHOICE: "on"}),
        },
        offered,
        status=422 if form is not None and form.errors else 200,
    )


@without_tenant
@require_safe
@signed_in
def connections(request: HttpRequest, user: User) -> HttpResponse:
    next_url = requested_next(request)
    if request.get_full_path() == after_reauthentication_to_connect() and gate.is_reauthenticated(
        request, Act.CONNECT, is_done=False
    ):
        messages.success(request, _("Thank you. You can connect another sign-in method now."))
    telling.add_message(request, user)
    connectable = buttons(request, process=Process.CONNECT, next_url=next_url, among=_connectable(user))
    over = _expired(user)
    context = {
        "sign_in_methods": sign_in_methods(request, user),
        "connectable": connectable,
        "onward": next_url,
        "over": over,
    }
    return page_with_buttons(request, "accounts/connections.html", context, [*connectable, *over])


def _admin_login_url(next_url: str) -> str:
    """Return the admin's login page for a visitor on the way to the admin, if only that page accepts passwords."""
    is_only_there = settings.LOCAL_PASSWORDS and not registration.is_on()
    is_going_there = next_url.startswith(reverse("admin:index"))
    return reverse("admin:login") + query(next_url, stay=False) if is_only_there and is_going_there else ""


def _connectable(person: User) -> list[Provider]:
    """Return the site's providers, and the connections of the organization that the person is in now."""
    membership = person.active_membership
    return [*registry.listed(), *(registry.of_tenant(membership.tenant_id) if membership else ())]


def _expired(person: User) -> list[ExpiredMethod]:
    """Return the sign-in methods whose tokens are no longer valid, with URLs to sign in at their providers again."""
    back = reverse("connections")
    return [
        ExpiredMethod(
            name=provider.name,
            email=identity.email,
            start_url=start_url(provider, process=Process.REAUTHENTICATE, next_url=back),
            origins=frozenset(provider.origins),
        )
        for identity, provider_id in vault.expired(person)
        if (provider := registry.find(provider_id)) is not None
    ]


@without_tenant
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def disconnect_page(request: HttpRequest, user: User, identity_id: int) -> HttpResponse:
    identity = get_object_or_404(Identity, pk=identity_id, user=user)
    if not gate.is_reauthenticated(request):
        return gate.redirect_to_reauthenticate(request)
    if request.method != "POST":
        method = next((one for one in sign_in_methods(request, user) if one.identity_id == identity.pk), None)
        if method is None:
            raise Http404  # connected or disconnected at this moment
        return render(request, "accounts/disconnect.html", {"method": method, "action": request.path})
    try:
        disconnect(identity, keep=request.session.session_key)
    except SignInRefused as refused:
        return refuse(request, identity.provider, refused)
    messages.success(request, _("Disconnected. Your other devices were signed out."))
    return redirect("connections")


def _add_upstream_note(request: HttpRequest) -> None:
    """Add a message, once, if this browser was signed out because a session at a provider has ended."""
    provider = registry.find(request.session.pop(UPSTREAM_NOTE, ""))
    if provider is not None:
        words = _("You were signed out because your session at %(provider)s has ended. Sign in again to continue.")
        messages.warning(request, words % {"provider": provider.name})
