"""The pages of local accounts: registration, sign-in and password reset."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from accounts.mailing import links, mail
from accounts.mailing.mail import RequestFacts
from accounts.models import MailedLink, User
from accounts.sign_in import rate_limits
from accounts.sign_in.email_change import EmailTaken
from accounts.sign_in.local import by_passkey, passwords, registration
from accounts.sign_in.local.forms import EmailForm, NewAccountForm, NewPasswordForm, SignInForm
from accounts.sign_in.rate_limits import Limit
from audit.events import Event, record
from foundation.canonical_email import canonical
from foundation.next_page import query, requested_next, store_next, stored_next, wants_to_stay
from jobs.deferred import defer

BY_CLIENT = Limit(kind="mails.client", most=20, seconds=3600)
TO_EMAIL = Limit(kind="mails.email", most=5, seconds=3600)

Arguments = ParamSpec("Arguments")
View = Callable[Concatenate[HttpRequest, Arguments], HttpResponse]


def where_there_are_local_accounts(view: View[Arguments]) -> View[Arguments]:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Arguments.args, **kwargs: Arguments.kwargs) -> HttpResponse:
        if not registration.is_on():
            raise Http404
        return view(request, *args, **kwargs)

    return cast("View[Arguments]", guarded)


@require_http_methods(["GET", "HEAD", "POST"])
@where_there_are_local_accounts
def register(request: HttpRequest) -> HttpResponse:
    """Ask for an address. The response is the same for every address: only its mailbox learns more."""
    if not registration.is_open():
        raise Http404
    if request.user.is_authenticated:
        return redirect(requested_next(request) or "account")
    page = {"heading": _("Register"), "back": reverse("account_login") + _query(request)}
    return _take_email(request, page, Event.REGISTRATION_REQUESTED, registration.answer_registration)


@require_http_methods(["GET", "HEAD", "POST"])
@where_there_are_local_accounts
def request_password_reset(request: HttpRequest) -> HttpResponse:
    page = {"heading": _("Choose a new password"), "back": reverse("local-sign-in") + _query(request)}
    return _take_email(request, page, Event.PASSWORD_RESET_REQUESTED, registration.answer_password_reset)


@require_http_methods(["GET", "HEAD", "POST"])
@sensitive_post_parameters("password")
@where_there_are_local_accounts
def sign_in(request: HttpRequest) -> HttpResponse:
    next_url = requested_next(request)
    if request.user.is_authenticated:
        return redirect(next_url or "account")
    form = SignInForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        user = authenticate(request, username=form.cleaned_data["name"], password=form.cleaned_data["password"])
        if isinstance(user, User):
            return open_session(request, user, next_url)
        form.add_error(None, _("No account matches these. Check both, or choose a new password."))
    context = {
        "form": form,
        "action": request.get_full_path(),
        "is_open_to_all": registration.is_open(),
        "stays": wants_to_stay(request),
        "query": _query(request),
        "passkey_url": by_passkey.url(next_url, stay=wants_to_stay(request)),
    }
    return render(request, "accounts/local_sign_in.html", context, status=422 if form.errors else 200)


def register_by_link(request: HttpRequest, link: MailedLink) -> HttpResponse:
    if not registration.is_open():
        raise links.LinkExpired
    return choose(request, link.email, opened=lambda _user: links.use(link), next_url=stored_next(request))


@sensitive_post_parameters("password")
def choose(request: HttpRequest, email: str, *, opened: Callable[[User], None], next_url: str = "") -> HttpResponse:
    """Let the owner of a verified address choose a name and a password, and open their account and session.

    ``opened`` is called with the new account in the transaction that opens it, to use up the mailed link or to accept
    an invitation. If it raises, everything is rolled back.
    """
    form = NewAccountForm(request.POST if request.method == "POST" else None, person=User(email=email))
    if form.is_valid():
        try:
            with transaction.atomic():
                user = registration.open_local_account(email, form.cleaned_data["name"], form.cleaned_data["password"])
                opened(user)
                user.refresh_from_db(fields=["sign_in_epoch"])  # nobody else can have changed a new account
                return open_session(request, user, next_url)
        except EmailTaken:
            return render(request, "accounts/email_taken.html", {"email": email}, status=409)
    context = {
        "heading": _("Your new account"),
        "meaning": _("Your address is confirmed. Two more things, and you are in."),
        "submit": _("Open the account"),
        "form": form,
        "email": email,
        "action": request.get_full_path(),
    }
    return render(request, "accounts/choose_password.html", context, status=422 if form.errors else 200)


@sensitive_post_parameters("password")
def reset_by_link(request: HttpRequest, link: MailedLink) -> HttpResponse:
    """Set a new password. It signs the person out everywhere; the next sign-in may require a second factor."""
    if not registration.is_on() or link.user is None:
        raise links.LinkExpired
    form = NewPasswordForm(request.POST if request.method == "POST" else None, person=link.user)
    if form.is_valid():
        registration.reset_password(link, form.cleaned_data["password"])
        words = _("Your new password is set, and you are signed out everywhere. Sign in with it.")
        messages.success(request, words)
        return redirect(reverse("account_login") + query(stored_next(request), stay=False))
    context = {
        "heading": _("Choose a new password"),
        "meaning": _("Every device is then signed out, and you sign in again."),
        "submit": _("Set the password"),
        "form": form,
        "email": link.email,
        "action": request.path,
    }
    return render(request, "accounts/choose_password.html", context, status=422 if form.errors else 200)


def open_session(request: HttpRequest, user: User, next_url: str) -> HttpResponse:
    """Sign in a person whose password was right, after a second factor if one is required."""
    onward = next_url or reverse(settings.LOGIN_REDIRECT_URL)
    return passwords.sign_in(request, user, onward, stays=wants_to_stay(request))


def _take_email(request: HttpRequest, page: dict[str, str], event: Event, work: Callable[..., None]) -> HttpResponse:
    """Accept an address, and defer the mail to a worker, which looks up whether there is an account."""
    form = EmailForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        context = {**page, "form": form, "action": request.get_full_path()}
        return render(request, "accounts/ask_email.html", context, status=422 if form.errors else 200)
    email = form.cleaned_data["email"]
    for limit, key in ((BY_CLIENT, ""), (TO_EMAIL, canonical(email))):
        if rate_limits.is_over(limit, key):
            return rate_limits.too_many_requests(limit)
    asked: RequestFacts = mail.request_facts()
    with transaction.atomic():
        record(event, personal={"email": email})
        defer(work, email=email, asked=asked, mail_id=mail.new_id())
    response = render(request, "accounts/mailed.html", {"email": email, "query": _query(request)})
    store_next(response, requested_next(request))
    return response


def _query(request: HttpRequest) -> str:
    return query(requested_next(request), stay=wants_to_stay(request))
