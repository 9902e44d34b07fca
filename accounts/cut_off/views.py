"""The pages where people lock their own account and see the check list of the cut-off (ADR 21)."""

from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.cut_off.acting import check_list, lock_own_account
from accounts.models import CutOff, User
from accounts.organizations.middleware import without_tenant
from accounts.sessions import closing
from accounts.sessions.signed_in import signed_in
from foundation import lifetimes

SALT = "cut-off"
REFRESH = 3  # seconds between reloads, until everything is confirmed


@without_tenant
@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def lock(request: HttpRequest, user: User) -> HttpResponse:
    """GET asks, POST locks. No reauthentication: a person who sees a stranger in their account has to be quick.

    An abuser would lock themselves out too, and an administrator can undo it.
    """
    if request.method != "POST":
        return render(request, "accounts/lock.html")
    done = lock_own_account(user)
    closing.close_session(request)
    return redirect(f"{reverse('locked-account')}?of={signing.dumps(str(done.pk), salt=SALT)}")


@without_tenant
@require_safe
def locked(request: HttpRequest) -> HttpResponse:
    """Show the check list for an hour, at the signed URL to which the lock redirected. It does not name the person."""
    try:
        key = signing.loads(request.GET.get("of", ""), salt=SALT, max_age=lifetimes.LOCKED_PAGE)
    except signing.BadSignature:
        raise Http404(_("What was locked can be seen here for an hour, by who did it.")) from None
    done = CutOff.objects.filter(pk=key).first()
    if done is None:
        raise Http404
    response = render(request, "accounts/locked.html", {"done": done, "checks": check_list(done)})
    if done.confirmed_at is None:
        response.headers["Refresh"] = str(REFRESH)
    return response
