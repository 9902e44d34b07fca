"""Local passwords: the only place that checks them, behind the login throttle."""

from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.utils import perform_login
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_variables

from accounts.models import User
from accounts.sessions import AuthenticationEvent, FactorAddedMeanwhile, SessionStore, closing, forget_sign_in
from accounts.sign_in import login_throttle, people
from accounts.sign_in.local.hashing import is_right
from accounts.sign_in.reauthentication.records import record_method
from audit.events import Event

PASSKEY_ALONE = "passkey_alone"


@sensitive_variables("password")
def check(request: HttpRequest | None, name: str, password: str) -> User | None:
    """Return the active account with this name and password, if any. Raises Throttled.

    An unknown name takes as long as a known one, because a password is hashed either way.
    """
    if not settings.LOCAL_PASSWORDS:
        return None
    user = people.find_by_login(name)
    account = _name_of(user) if user else ""
    visible = login_throttle.for_password(request, name, account=account)
    login_throttle.count_attempt(visible, event=Event.SIGN_IN_REFUSED)
    hidden = login_throttle.for_account(request, account or name)
    may_judge = login_throttle.count_attempt_quietly(hidden, event=Event.SIGN_IN_REFUSED)
    if user is None or not may_judge:
        is_right(password, make_password(None), make_password)
        return None
    if not user.check_password(password) or not user.is_active:
        return None
    login_throttle.reset([*visible, *hidden])
    return user


def may_open(user: User) -> bool:
    """Whether a local password or passkey opens this account and counts as reauthentication. All views ask here.

    That includes everybody's sign-in page, the admin's, and reauthentication. If local accounts are off, administrators
    still have theirs, for the day when no provider responds.
    """
    is_for_them = settings.LOCAL_ACCOUNTS != "off" or user.is_stored_as_staff
    return settings.LOCAL_PASSWORDS and is_for_them and bool(_name_of(user)) and user.has_usable_password()


def may_still_open(request: HttpRequest, user: User) -> bool:
    """Whether a sign-in that waited for its second factor may finish: local accounts may be disabled by now."""
    methods = {proof["method"] for proof in get_authentication_records(request, user)}
    return "socialaccount" in methods or may_open(user)


@sensitive_variables("password")
def is_of(request: HttpRequest, user: User, password: str) -> bool:
    """Whether this is the password of the person who is signed in. Raises Throttled."""
    if not may_open(user):
        return False
    counters = login_throttle.for_own_password(request, _name_of(user))
    login_throttle.count_attempt(counters, event=Event.SIGN_IN_REFUSED, person=user.pk)
    if not user.check_password(password):
        return False
    login_throttle.reset(counters)
    return True


def sign_in(
    request: HttpRequest, user: User, next_url: str, *, by_passkey: bool = False, stays: bool = False
) -> HttpResponse:
    """Open the session of a person whose password or passkey was right, or redirect them to the second factor first.

    A passkey alone is both factors: ``PASSKEY_ALONE`` tells the stages of the sign-in so. The account's row is locked
    meanwhile, so that a concurrent act on the person revokes this session too. ``user`` is the row as it was read
    before anything was verified. Raises people.RevokedMeanwhile.
    """
    if request.user.is_authenticated:
        closing.close_session(request)
    try:
        with people.with_next(next_url, stays=stays), transaction.atomic():
            held = people.lock(user.pk, epoch=user.sign_in_epoch)
            if not may_open(held):
                raise people.RevokedMeanwhile(held.pk)
            if not by_passkey:
                record_method(request, held, "password")
            if isinstance(request.session, SessionStore):
                request.session.set_authentication_event(AuthenticationEvent.of(user))
                request.session.describe({"is_remembered": stays})
            how = {PASSKEY_ALONE: True} if by_passkey else None
            response: HttpResponse = perform_login(request, held, redirect_url=next_url, signal_kwargs=how)
            request.session.save()
    except FactorAddedMeanwhile:
        forget_sign_in(request)
        return redirect(request.get_full_path())
    if not by_passkey:
        login_throttle.remember_device(request, response, _name_of(user))
    return response


def _name_of(user: User) -> str:
    """Return the name that stands for the account in the login throttle, whichever of its names was typed."""
    return user.username or user.own_email
