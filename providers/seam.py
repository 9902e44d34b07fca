"""The seam to django-allauth: it opens sessions, through its stages; what it would decide is decided already."""

from typing import Any, NoReturn

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.helpers import complete_social_login
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.http import HttpRequest, HttpResponseBase

from accounts import leaving, step_up
from accounts.factors.held import Kind
from accounts.local.passwords import PASSKEY_ALONE
from providers.linking import Linked


class LinkedLogin(SocialLogin):  # type: ignore[misc]  # a library without types
    """A sign-in whose account is known before allauth hears of it.

    allauth then never looks for accounts by address, never saves what a provider said, and never signs
    anybody up: to it this person has always been there.
    """

    def __init__(self, linked: Linked, next_url: str, *, has_second_factor: bool) -> None:
        identity = linked.identity
        self.has_second_factor = has_second_factor
        super().__init__(account=SocialAccount(provider=identity.provider, uid=str(identity.pk)))
        self._linked = linked
        self.state = {"process": "login", "next": next_url}

    @property
    def is_existing(self) -> bool:
        return self.user is not None

    def lookup(self) -> None:
        self._did_authenticate_by_email = None
        self.user = self._linked.user

    def serialize(self) -> None:
        """While a second factor is asked for, nothing of this needs to wait in the session."""


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # a library without types
    def get_requests_session(self) -> NoReturn:
        raise NotImplementedError("the way out is providers.upstream")


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # a library without types
    def get_login_stages(self) -> list[str]:
        """None of allauth's own: no codes by mail, no telephones, no browsers that need no second factor."""
        return ["accounts.factors.stages.SecondFactorStage"]

    def pre_login(
        self, request: HttpRequest, user: Any, *, signal_kwargs: dict[str, Any] | None, **kwargs: Any
    ) -> HttpResponseBase | None:
        """Note a second factor that came with the first, before the stages look: the provider's, or a passkey."""
        response: HttpResponseBase | None = super().pre_login(request, user, signal_kwargs=signal_kwargs, **kwargs)
        login = (signal_kwargs or {}).get("sociallogin")
        if response is None and isinstance(login, LinkedLogin) and login.has_second_factor:
            _note_second_factor(request, user, login.account.provider)
        if response is None and (signal_kwargs or {}).get(PASSKEY_ALONE):
            step_up.note(request, user, step_up.SECOND_FACTOR, type=Kind.WEBAUTHN)
        return response

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Our pages say what happened themselves."""


def open_session(request: HttpRequest, linked: Linked, next_url: str, *, has_second_factor: bool) -> HttpResponseBase:
    """Sign the person in and return where allauth sends them: on, or to prove a second factor first."""
    leaving.begin_sign_in(request, linked.user)
    login = LinkedLogin(linked, next_url, has_second_factor=has_second_factor)
    response: HttpResponseBase = complete_social_login(request, login)
    return response


def note_proof(request: HttpRequest, linked: Linked, *, has_second_factor: bool) -> None:
    """Write down that the signed-in person has just proved themselves again, by an identity."""
    identity = linked.identity
    step_up.note(request, linked.user, "socialaccount", provider=identity.provider, uid=str(identity.pk))
    if has_second_factor:
        _note_second_factor(request, linked.user, identity.provider)


def _note_second_factor(request: HttpRequest, user: Any, provider: str) -> None:
    step_up.note(request, user, step_up.SECOND_FACTOR, type="provider", provider=provider)
