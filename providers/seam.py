"""The seam to django-allauth: it opens sessions, through its stages; what it would decide is decided already."""

from typing import Any, NoReturn

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.helpers import complete_social_login
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.http import HttpRequest, HttpResponseBase

from accounts.models import User
from providers.linking import Linked


class LinkedLogin(SocialLogin):  # type: ignore[misc]  # a library without types
    """A sign-in whose account is known before allauth hears of it.

    allauth then never looks for accounts by address, never saves what a provider said, and never signs
    anybody up: to it this person has always been there.
    """

    def __init__(self, linked: Linked, next_url: str) -> None:
        identity = linked.identity
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
        """None of allauth's own: no codes by mail, no telephones. Second factors join here."""
        return []

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Our pages say what happened themselves."""


def open_session(request: HttpRequest, linked: Linked, next_url: str) -> HttpResponseBase:
    """Sign the person in and return where allauth sends them: on, or to the next stage."""
    response: HttpResponseBase = complete_social_login(request, LinkedLogin(linked, next_url))
    return response


def note_proof(request: HttpRequest, linked: Linked) -> None:
    """Write down that the signed-in person has just proved themselves again, by an identity."""
    identity = linked.identity
    record_authentication(request, linked.user, "socialaccount", provider=identity.provider, uid=str(identity.pk))


def last_proof(request: HttpRequest) -> float:
    """Return when the signed-in person last proved themselves in this session, in seconds since the epoch."""
    user = request.user if isinstance(request.user, User) else None
    return max((entry["at"] for entry in get_authentication_records(request, user)), default=0.0)
