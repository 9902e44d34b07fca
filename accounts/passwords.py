"""Local passwords: the one place that judges them, behind the brake."""

from allauth.account.utils import perform_login
from django.conf import settings
from django.contrib.auth import logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_variables

from accounts import brake, step_up
from accounts.models import User
from accounts.sessions import FactorAddedMeanwhile, forget_sign_in
from audit.events import Event


@sensitive_variables("password")
def check(request: HttpRequest | None, name: str, password: str) -> User | None:
    """Return whose name and password these are. Raises Braked.

    A name that nobody has takes as long as one that somebody has: a password is hashed either way.
    """
    if not settings.LOCAL_PASSWORDS:
        return None
    tracks = brake.for_password(request, name)
    brake.take(tracks, event=Event.SIGN_IN_REFUSED)
    user = User.objects.filter(username=name).first()
    if user is None:
        User().set_password(password)
        return None
    if not user.check_password(password) or not user.is_active:
        return None
    brake.forgive(tracks)
    return user


def opens(user: User) -> bool:
    """Whether somebody can come in by a password that is kept here."""
    return settings.LOCAL_PASSWORDS and bool(user.username) and user.has_usable_password()


def sign_in(request: HttpRequest, user: User, next_url: str) -> HttpResponse:
    """Open the session of somebody whose password was right, or lead them to their second factor first.

    The account's row is held meanwhile: a factor that is added at this moment ends this session too.
    """
    if request.user.is_authenticated:
        logout(request)
    try:
        with transaction.atomic():
            held = User.objects.select_for_update(no_key=True).get(pk=user.pk)
            step_up.note(request, held, "password")
            response: HttpResponse = perform_login(request, held, redirect_url=next_url)
            request.session.save()
    except FactorAddedMeanwhile:
        forget_sign_in(request)
        return redirect(request.get_full_path())
    brake.remember_device(request, response, user.username or "")
    return response
