"""Sign in by a passkey alone: having the device and unlocking it are two factors in one step.

This opens only accounts that have a local password. Otherwise an account with only provider identities would stay open
to a person whom the provider no longer admits. It has a page of its own, because a challenge needs a session, and not
every visitor of the sign-in page should get one.
"""

from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.sign_in import login_throttle, rate_limits
from accounts.sign_in.factors import passkey_site
from accounts.sign_in.factors.enrolled import record_use
from accounts.sign_in.factors.passkey_site import PasskeyRefused
from accounts.sign_in.local import passwords
from accounts.sign_in.rate_limits import Limit
from audit.context import Actor, ActorKind, acting
from audit.events import Event, record
from foundation.next_page import query, requested_next, wants_to_stay

LOOKS = Limit(kind="passkey_asked", most=60, seconds=60)  # views from one IP address: each creates a session


def url(next_url: str, *, stay: bool = False) -> str:
    return reverse("passkey-sign-in") + query(next_url, stay=stay)


@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Raises Throttled."""
    if not settings.LOCAL_PASSWORDS:
        raise Http404
    next_url = requested_next(request) or reverse(settings.LOGIN_REDIRECT_URL)
    if request.user.is_authenticated:
        return redirect(next_url)
    if rate_limits.is_over(LOOKS):
        return rate_limits.too_many_requests(LOOKS)
    error = ""
    if request.method == "POST":
        try:
            return passwords.sign_in(
                request, _authenticate(request), next_url, by_passkey=True, stays=wants_to_stay(request)
            )
        except PasskeyRefused:
            error = _("This passkey opens no account here that has a password too. Use another sign-in method.")
    return render(request, "accounts/passkey_sign_in.html", {"error": error, **_shown(request, next_url)})


def _authenticate(request: HttpRequest) -> User:
    """Return the user. Raises PasskeyRefused; the visitor sees one message whatever the cause."""
    from accounts.sign_in.factors import passkeys  # noqa: PLC0415  # slow to import, see the module

    counters = login_throttle.for_passkey(request)
    login_throttle.count_attempt(counters, event=Event.SIGN_IN_REFUSED)
    try:
        used = passkeys.sign_in(request, request.POST.get("credential", ""))
    except PasskeyRefused as refused:
        _record_refusal(refused.reason, refused.person)
        raise
    user: User = used.user
    if not (user.is_active and passwords.may_open(user)):
        _record_refusal("passkey_alone_does_not_open_this", user)
        raise PasskeyRefused
    login_throttle.reset(counters)
    with acting(actor=Actor(ActorKind.PERSON, str(user.pk))):
        if not record_use(used):
            record(Event.SIGN_IN_REFUSED, person=user, reason="passkey_removed_meanwhile")
            raise PasskeyRefused
        record(Event.FACTOR_VERIFIED, person=user, object=used, kind=used.type)
    return user


def _record_refusal(reason: str, user: User | UUID | None = None) -> None:
    if rate_limits.may_leave_entry():
        record(Event.SIGN_IN_REFUSED, person=user, reason=reason)


def _shown(request: HttpRequest, next_url: str) -> dict[str, object]:
    options = ""
    if passkey_site.is_possible(request):
        from accounts.sign_in.factors import passkeys  # noqa: PLC0415  # slow to import, see the module

        options = passkeys.begin_sign_in(request)
    query_string = query(next_url, stay=wants_to_stay(request))
    is_for_admin = next_url.startswith(reverse("admin:index"))
    return {
        "options": options,
        "passkeys_at": passkey_site.site(),
        "has_passkey": True,
        "action": request.get_full_path(),
        "back": reverse("admin:login" if is_for_admin else "account_login") + query_string,
    }
