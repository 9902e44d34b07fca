"""The pages of second factors: list them, add and remove them, and verify one during sign-in."""

from collections.abc import Callable
from functools import wraps
from urllib.parse import quote

from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.db import IntegrityError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from accounts.sessions.signed_in import signed_in
from accounts.sign_in.factors import changes, passkey_site, totp
from accounts.sign_in.factors.enrolled import Kind, factors_of, has_second_factor, name_of
from accounts.sign_in.factors.passkey_site import PasskeyRefused
from accounts.sign_in.factors.stages import waiting_stage
from accounts.sign_in.factors.verification import FactorRefused, FactorUnreadable, verify
from accounts.sign_in.reauthentication import gate
from foundation.encryption import DecryptionFailed, KeyLost, decrypt, encrypt
from foundation.next_page import query, requested_next, wants_to_stay

NEW_APP = "new_app"  # key in the session: the secret, encrypted, that the page for adding an app shows

Adding = Callable[[HttpRequest, User, Callable[[], Authenticator]], list[str]]
AddingView = Callable[[HttpRequest, User], HttpResponseBase]


def may_add_factor(view: AddingView) -> Callable[[HttpRequest], HttpResponseBase]:
    """Admit people who are reauthenticated, and people who must add their first factor during sign-in.

    A person who has a factor must verify it to finish the sign-in: adding another would bypass it. A person whose
    sign-in has expired signs in again, and then continues to the same page.
    """

    @wraps(view)
    def guarded(request: HttpRequest) -> HttpResponseBase:
        if stage := waiting_stage(request):
            if stage.person.pinned_tenant is not None and not has_second_factor(stage.person):
                return render(request, "accounts/factor_elsewhere.html", {"person": stage.person}, status=403)
            verify_url = reverse("verify-factor") + _query(request)
            return redirect(verify_url) if has_second_factor(stage.person) else view(request, stage.person)
        if not isinstance(request.user, User):
            return _restart(request) if "next" in request.GET else redirect_to_login(request.get_full_path())
        return (
            view(request, request.user)
            if gate.is_reauthenticated(request)
            else gate.redirect_to_reauthenticate(request)
        )

    return guarded


@require_safe
@signed_in
def overview(request: HttpRequest, user: User) -> HttpResponse:
    factors = factors_of(user)
    context = {
        "factors": factors,
        "has_app": any(factor.kind == Kind.TOTP for factor in factors),
        "has_factor": has_second_factor(user),
        "recovery_left": next((factor.recovery_left for factor in factors if factor.recovery_left is not None), None),
        **_passkey_context(request),
    }
    return render(request, "accounts/second_factor.html", context)


@require_safe
@may_add_factor
def factor_required(request: HttpRequest, user: User) -> HttpResponse:
    """Explain to a person that they need a second factor, or need one for the admin, and have to add it now."""
    context = {
        "person": user,
        "is_for_admin": requested_next(request).startswith(reverse("admin:index")),
        "query": _query(request),
        **_passkey_context(request),
    }
    return render(request, "accounts/factor_required.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@may_add_factor
def add_authenticator(request: HttpRequest, user: User) -> HttpResponse:
    try:
        secret = _new_secret(request, user)
    except FactorUnreadable:
        return render(None, "503.html", status=503)
    error = ""
    if request.method == "POST":
        step = totp.step_of(secret, request.POST.get("code", ""))
        if step is not None:
            return _added(request, user, lambda: totp.add(user, secret, step), add=changes.add_app)
        error = _("That code is wrong or has expired. Type the next one that the app shows.")
    context = {
        "error": error,
        "action": request.get_full_path(),
        "secret": " ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
        "uri": totp.provisioning_uri(user, secret),
        "has_app": _has_app(user),
        "back": _back(request),
    }
    return render(request, "accounts/add_authenticator.html", context)


@require_safe
@may_add_factor
def qr_code(request: HttpRequest, user: User) -> HttpResponse:
    """Return the QR code of the secret that is being shown. Raises Http404 without one."""
    if NEW_APP not in request.session:
        raise Http404
    try:
        svg = totp.qr_code(totp.provisioning_uri(user, _new_secret(request, user)))
    except FactorUnreadable:
        return HttpResponse(status=503)
    return HttpResponse(svg, content_type="image/svg+xml")


@require_http_methods(["GET", "HEAD", "POST"])
@may_add_factor
def add_passkey(request: HttpRequest, user: User) -> HttpResponse:
    from accounts.sign_in.factors import passkeys  # noqa: PLC0415  # slow to import, see the module

    error = ""
    if request.method == "POST":
        answer, name = request.POST.get("credential", ""), request.POST.get("name", "")
        try:
            return _added(request, user, lambda: passkeys.add(request, user, answer, name))
        except PasskeyRefused:
            error = _("We could not take this passkey. Nothing was changed. Try once more.")
    here = _passkey_context(request)
    context = {
        "error": error,
        "action": request.get_full_path(),
        "options": passkeys.begin_adding(request, user) if here["passkeys_possible"] else "",
        "longest_name": passkey_site.LONGEST_NAME,
        "back": _back(request),
        **here,
    }
    return render(request, "accounts/add_passkey.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@gate.reauthentication_required
def recovery_codes(request: HttpRequest, user: User) -> HttpResponse:
    """GET asks, POST makes new codes. They are shown only in that response."""
    if not has_second_factor(user):
        return redirect("second-factor")
    if request.method != "POST":
        return render(request, "accounts/renew_recovery_codes.html", {"action": request.path})
    codes = changes.renew_recovery_codes(request, user)
    return _show_codes(request, codes, reverse("second-factor"), heading=_("Your new recovery codes"))


@require_http_methods(["GET", "HEAD", "POST"])
@gate.reauthentication_required
def remove(request: HttpRequest, user: User, factor_id: int) -> HttpResponse:
    row = get_object_or_404(Authenticator, pk=factor_id, user_id=user.pk)
    context = {"name": name_of(row), "action": request.path, "is_recovery": row.type == Kind.RECOVERY_CODES}
    if request.method != "POST":
        return render(request, "accounts/remove_factor.html", context)
    try:
        changes.remove(request, user, row.pk)
    except changes.FactorRequired:
        return render(request, "accounts/remove_factor.html", context | {"is_kept": True}, status=409)
    except Authenticator.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("Removed. Your other devices were signed out."))
    return redirect("second-factor")


@require_http_methods(["GET", "HEAD", "POST"])
def verify_at_sign_in(request: HttpRequest) -> HttpResponseBase:
    """Verify the second factor of a waiting sign-in. Only then is its session opened."""
    stage = waiting_stage(request)
    if stage is None:
        return redirect(requested_next(request) or "account") if request.user.is_authenticated else _restart(request)
    if not has_second_factor(stage.person):
        return redirect(reverse("factor-required") + _query(request))
    error, status = "", 200
    if request.method == "POST":
        try:
            verify(request, stage.person, request.POST)
            return stage.finish()
        except FactorRefused:
            error = _("That code is wrong or was used before. Try again.")
        except FactorUnreadable:
            error, status = not_readable_now(), 503
    context = {"error": error, "action": request.get_full_path(), "query": _query(request)}
    return render(
        request, "accounts/verify_factor.html", context | verification_choices(request, stage.person), status=status
    )


def not_readable_now() -> str:
    return _(
        "We cannot check codes of your app right now. Nothing is wrong with yours. Try again in a few minutes, "
        "or use a passkey or a recovery code."
    )


def verification_choices(request: HttpRequest, user: User) -> dict[str, object]:
    """Return the context of a page that verifies a second factor: the person's kinds, and a passkey challenge."""
    kinds = set(Authenticator.objects.filter(user_id=user.pk).values_list("type", flat=True))
    here = _passkey_context(request)
    has_passkey = Kind.WEBAUTHN in kinds
    options = ""
    if has_passkey and here["passkeys_possible"]:
        from accounts.sign_in.factors import passkeys  # noqa: PLC0415  # slow to import, see the module

        options = passkeys.begin_verification(request, user)
    return {
        "has_app": Kind.TOTP in kinds,
        "has_recovery": Kind.RECOVERY_CODES in kinds,
        "has_passkey": has_passkey,
        "options": options,
        **here,
    }


def _added(
    request: HttpRequest, user: User, make: Callable[[], Authenticator], *, add: Adding = changes.add
) -> HttpResponse:
    """Add a factor and continue: finish a waiting sign-in, and show new recovery codes."""
    stage, had_app = waiting_stage(request), _has_app(user)
    try:
        codes = add(request, user, make)
    except IntegrityError:  # another tab added the same passkey first
        return redirect(
            reverse("verify-factor") + _query(request) if stage else requested_next(request) or "second-factor"
        )
    request.session.pop(NEW_APP, None)
    if stage is not None:
        onward = stage.finish().headers["Location"]
    else:
        if had_app and add is changes.add_app:
            words = _("Replaced. The old app no longer works. Your other devices were signed out.")
        else:
            words = _("Added. Your other devices were signed out.")
        messages.success(request, words)
        onward = requested_next(request) or reverse("second-factor")
    return _show_codes(request, codes, onward, heading=_("Save your recovery codes")) if codes else redirect(onward)


def _has_app(user: User) -> bool:
    return bool(Authenticator.objects.filter(user_id=user.pk, type=Kind.TOTP).exists())


def _show_codes(request: HttpRequest, codes: list[str], onward: str, *, heading: str) -> HttpResponse:
    text = "".join(f"{code}\n" for code in codes)
    as_file = f"data:text/plain;charset=utf-8,{quote(text)}"  # a data: URL, so that no URL of ours ever serves them
    context = {"codes": codes, "onward": onward, "heading": heading, "person": request.user, "as_file": as_file}
    return render(request, "accounts/recovery_codes.html", context)


def _new_secret(request: HttpRequest, user: User) -> str:
    try:
        return decrypt(request.session.get(NEW_APP, ""), owner=user.pk, purpose=NEW_APP)
    except KeyLost as lost:  # shown by another process: a new secret would make the app's code wrong
        raise FactorUnreadable from lost
    except DecryptionFailed:
        secret = totp.new_secret()
        request.session[NEW_APP] = encrypt(secret, owner=user.pk, purpose=NEW_APP)
        return secret


def _passkey_context(request: HttpRequest) -> dict[str, object]:
    return {"passkeys_possible": passkey_site.is_possible(request), "passkeys_at": passkey_site.site()}


def _restart(request: HttpRequest) -> HttpResponse:
    """Redirect to the sign-in page: no sign-in waits here, because it has expired or was never begun."""
    words = _(
        "You are not signed in. Nothing waits for your second factor here any more: after a while we forget the first "
        "step. Start again."
    )
    messages.warning(request, words)
    return redirect(reverse("account_login") + _query(request))


def _back(request: HttpRequest) -> str:
    """Return the URL of the page that lists the kinds of factors: the overview, or the one during sign-in."""
    is_on_the_way = not request.user.is_authenticated or "next" in request.GET
    return reverse("factor-required") + _query(request) if is_on_the_way else reverse("second-factor")


def _query(request: HttpRequest) -> str:
    """Return the query string with the destination: it is in the URL so that it outlives a waiting sign-in."""
    return query(requested_next(request), stay=wants_to_stay(request))
