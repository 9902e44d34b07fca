"""Adapters for django-allauth, which opens sessions through its login stages. Its own decisions are bypassed."""

from typing import Any, NoReturn

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.helpers import complete_social_login
from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

from accounts.sessions import closing, opening
from accounts.sign_in.factors.enrolled import Kind
from accounts.sign_in.local.passwords import PASSKEY_ALONE
from accounts.sign_in.reauthentication import records
from accounts.sign_in.reauthentication.records import ProviderResponse
from providers.base import Provider
from providers.identity import ExternalIdentity
from providers.linking import Linked, LinkingDecision


class LinkedLogin(SocialLogin):  # type: ignore[misc]  # a library without types
    """A sign-in whose account is already known when allauth gets it.

    allauth therefore never looks up accounts by email address, never saves the provider's data and never signs
    anybody up: it treats every person as an existing user.
    """

    def __init__(self, linked: Linked, next_url: str, *, answer: ProviderResponse) -> None:
        self.answer, self.opened_account = answer, linked.decision is LinkingDecision.ENROL
        super().__init__(account=SocialAccount(provider=answer.provider, uid=str(linked.identity.pk)))
        self._linked = linked
        self.state = {"process": "login", "next": next_url}

    @property
    def is_existing(self) -> bool:
        return self.user is not None

    def lookup(self) -> None:
        self._did_authenticate_by_email = None
        self.user = self._linked.user

    def serialize(self) -> None:
        """Store nothing in the session while the second factor is pending: none of this is needed afterwards."""


class SocialAccountAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # a library without types
    def get_requests_session(self) -> NoReturn:
        raise NotImplementedError("outgoing requests go through providers.upstream")


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # a library without types
    def get_login_stages(self) -> list[str]:
        """Return our stage only. allauth's own stages (mailed codes, phone numbers, trusted browsers) are not used."""
        return ["accounts.sign_in.factors.stages.SecondFactorStage"]

    def pre_login(
        self, request: HttpRequest, user: Any, *, signal_kwargs: dict[str, Any] | None, **kwargs: Any
    ) -> HttpResponseBase | None:
        """Record when the person authenticated, and any second factor, before the login stages run."""
        response: HttpResponseBase | None = super().pre_login(request, user, signal_kwargs=signal_kwargs, **kwargs)
        login = (signal_kwargs or {}).get("sociallogin")
        if response is None and isinstance(login, LinkedLogin):
            _record_response(request, user, login)
        if response is None and (signal_kwargs or {}).get(PASSKEY_ALONE):
            records.record_method(request, user, records.SECOND_FACTOR, type=Kind.WEBAUTHN)
        return response

    def login(self, request: HttpRequest, user: Any) -> None:
        """Open the session; allauth calls this once every stage of a sign-in is passed."""
        opening.open_session(request, user)

    def logout(self, request: HttpRequest) -> None:
        closing.close_session(request)

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Add no message: our pages say themselves what happened."""


def response_of(provider: Provider, external: ExternalIdentity) -> ProviderResponse:
    """Return how and when a person authenticated at a provider, according to its answer."""
    return ProviderResponse(
        provider=external.provider,
        tenant_id=provider.tenant_id,
        authenticated_at=external.authenticated_at,
        has_second_factor=is_second_factor(external),
    )


def is_second_factor(external: ExternalIdentity) -> bool:
    """Return whether the verified token says that two factors were used, in terms that ``MFA_BY_PROVIDER`` accepts."""
    return any(words <= external.methods for words in settings.MFA_BY_PROVIDER.get(external.provider, ()))


def open_session(request: HttpRequest, linked: Linked, next_url: str, *, answer: ProviderResponse) -> HttpResponseBase:
    """Sign the person in and return allauth's response: a redirect onwards, or to the second factor first."""
    linked.user.pinned_tenant = answer.tenant_id
    if request.user.is_authenticated:
        closing.close_session(request, before_sign_in_of=linked.user)
    response: HttpResponseBase = complete_social_login(request, LinkedLogin(linked, next_url, answer=answer))
    return response


def record_reauthentication(request: HttpRequest, linked: Linked, *, answer: ProviderResponse) -> None:
    """Record that the signed-in person has reauthenticated with an identity, and when."""
    records.record_response(request, linked.user, answer, uid=str(linked.identity.pk))


def _record_response(request: HttpRequest, user: Any, login: LinkedLogin) -> None:
    """Correct the time that allauth recorded.

    allauth records the present moment. With single sign-on the person may have authenticated hours ago.
    """
    records.complete_response(request, user, login.answer, opened=login.opened_account)
    records.record_provider_factor(request, user, login.answer)
