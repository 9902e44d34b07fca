"""The seam to django-allauth: it opens sessions, through its stages; what it would decide is decided already."""

from dataclasses import dataclass
from typing import Any, NoReturn

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.helpers import complete_social_login
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from accounts.sessions import last_session
from accounts.sign_in.factors.enrolled import Kind
from accounts.sign_in.local.passwords import PASSKEY_ALONE
from accounts.sign_in.reauthentication import records
from providers.identity import ExternalIdentity
from providers.linking import Linked, LinkingDecision


@dataclass(frozen=True, kw_only=True)
class AuthenticationResponse:
    """What a provider's answer proves of a person, and when they proved it there, in seconds since the epoch.

    ``proven_at`` is None where the provider does not say. ``opened``: the account was opened by this answer.
    """

    authenticated_at: float | None
    has_second_factor: bool
    opened: bool = False


class LinkedLogin(SocialLogin):  # type: ignore[misc]  # a library without types
    """A sign-in whose account is known before allauth hears of it.

    allauth then never looks for accounts by address, never saves what a provider said, and never signs
    anybody up: to it this person has always been there.
    """

    def __init__(self, linked: Linked, next_url: str, *, answer: AuthenticationResponse) -> None:
        identity = linked.identity
        self.answer = answer
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
        return ["accounts.sign_in.factors.stages.SecondFactorStage"]

    def pre_login(
        self, request: HttpRequest, user: Any, *, signal_kwargs: dict[str, Any] | None, **kwargs: Any
    ) -> HttpResponseBase | None:
        """Note what came with the first proof, before the stages look: when it was given, and a second factor."""
        response: HttpResponseBase | None = super().pre_login(request, user, signal_kwargs=signal_kwargs, **kwargs)
        login = (signal_kwargs or {}).get("sociallogin")
        if response is None and isinstance(login, LinkedLogin):
            _record_response(request, user, login)
        if response is None and (signal_kwargs or {}).get(PASSKEY_ALONE):
            records.record_method(request, user, records.SECOND_FACTOR, type=Kind.WEBAUTHN)
        return response

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Our pages say what happened themselves."""


def response_in(external: ExternalIdentity, linked: Linked) -> AuthenticationResponse:
    return AuthenticationResponse(
        authenticated_at=external.authenticated_at,
        has_second_factor=is_second_factor(external),
        opened=linked.decision is LinkingDecision.ENROL,
    )


def is_second_factor(external: ExternalIdentity) -> bool:
    """Whether the provider says, in the token that was verified, that it asked for two factors, in words that count."""
    return any(words <= external.methods for words in settings.MFA_BY_PROVIDER.get(external.provider, ()))


def open_session(
    request: HttpRequest, linked: Linked, next_url: str, *, answer: AuthenticationResponse
) -> HttpResponseBase:
    """Sign the person in and return where allauth sends them: on, or to prove a second factor first."""
    last_session.begin_sign_in(request, linked.user)
    response: HttpResponseBase = complete_social_login(request, LinkedLogin(linked, next_url, answer=answer))
    return response


def record_reauthentication(request: HttpRequest, linked: Linked, *, answer: AuthenticationResponse) -> None:
    """Write down that the signed-in person has proved themselves again, by an identity, and when."""
    records.record_response(
        request,
        linked.user,
        provider=linked.identity.provider,
        uid=str(linked.identity.pk),
        proven_at=answer.authenticated_at,
        has_second_factor=answer.has_second_factor,
    )


def _record_response(request: HttpRequest, user: Any, login: LinkedLogin) -> None:
    """allauth has noted the answer as of now; with single sign-on nobody may have proven anything for hours."""
    answer = login.answer
    records.complete_response(request, user, proven_at=answer.authenticated_at, opened=answer.opened)
    if answer.has_second_factor:
        records.record_provider_factor(request, user, login.account.provider, answer.authenticated_at)
