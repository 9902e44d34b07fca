"""The pages where people change the e-mail address of their account."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.mailing import mail
from accounts.models import MailedLink, User
from accounts.sessions.signed_in import signed_in
from accounts.sign_in import email_change, rate_limits
from accounts.sign_in.email_change import CancellationReason, EmailTaken, LinkOfAnother, OwnAddress
from accounts.sign_in.local.forms import EmailForm
from accounts.sign_in.rate_limits import TooOften
from accounts.sign_in.reauthentication import gate
from foundation.next_page import query
from foundation.post_only import post_only


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def request_change(request: HttpRequest, user: User) -> HttpResponseBase:
    """Show the address and any pending change, and accept a new address without revealing whether it has an account."""
    if not mail.is_configured():
        return render(request, "accounts/no_mail.html", status=503)
    if not gate.is_reauthenticated(request):
        return gate.redirect_to_reauthenticate(request, next=reverse("email"))
    form = EmailForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            email_change.request_change(user, form.cleaned_data["email"])
            messages.success(
                request, _("We have sent a link to the new address. Your address changes when you open it.")
            )
            return redirect("email")
        except OwnAddress:
            form.add_error("email", _("This is your address already."))
        except TooOften as reached:
            return rate_limits.too_many_requests(reached.limit)
    context = {
        "person": user,
        "form": form,
        "pending": email_change.pending(user),
    }
    return render(request, "accounts/email.html", context, status=422 if form.errors else 200)


@post_only("email")
@signed_in
def cancel(request: HttpRequest, user: User) -> HttpResponse:
    email_change.cancel(user, cancellation=CancellationReason.OWNER)
    messages.success(request, _("The change is cancelled. Its link does not work any more."))
    return redirect("email")


def confirm(request: HttpRequest, link: MailedLink) -> HttpResponse:
    """The page of the link in the new mailbox. Only the owner of the account that requested the change can confirm."""
    if not isinstance(request.user, User):
        context = {"sign_in_url": reverse("account_login") + query(request.path, stay=False)}
        return render(request, "accounts/email_sign_in.html", context)
    try:
        email_change.check_owner(link, request.user)
        if request.user.pinned_tenant is not None:
            return gate.redirect_to_reauthenticate(request)
        if request.method != "POST":
            return render(request, "accounts/email_confirm.html", {"email": link.email, "action": request.path})
        email_change.change(link, request.user, keep_session=request.session.session_key)
    except LinkOfAnother:
        another_url = reverse("account_logout") + query(request.path, stay=False, another=True)
        return render(request, "accounts/email_of_another.html", {"another_url": another_url}, status=403)
    except EmailTaken:
        return render(request, "accounts/email_taken.html", {"email": link.email}, status=409)
    messages.success(request, _("This is the address of your account now. Your other devices were signed out."))
    return redirect("account")


def disown(request: HttpRequest, link: MailedLink) -> HttpResponse:
    """The page of the link in the old mailbox, for a reader who did not request the change."""
    if request.method != "POST":
        return render(request, "accounts/email_disown.html", {"action": request.path})
    is_theirs = request.user.is_authenticated and request.user.pk == link.user_id
    done = email_change.disown(link, keep_session=request.session.session_key if is_theirs else None)
    return render(request, "accounts/email_disowned.html", {"done": done})
