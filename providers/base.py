"""What every provider is to the rest of the house. Those that speak OpenID Connect are ``providers.openid``."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.urls import reverse

from accounts.sign_in.provider_names import SaysWhen
from providers.flow import Flow
from providers.identity import ExternalIdentity
from providers.page_texts import Text
from providers.reachability import ReachabilityProbe
from providers.tokens import Revoked, Tokens
from providers.upstream import UpstreamClient


@dataclass(frozen=True, kw_only=True)
class ClientCredentials:
    """What we are to a provider."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class AdditionalClaims:
    """Claims that did not come with the identity itself, and the names of those that could not be had."""

    claims: Mapping[str, Any] = field(default_factory=dict)
    unreadable: frozenset[str] = frozenset()


@dataclass(kw_only=True)
class Provider(ABC):
    """Somebody who vouches for people: an id for URLs and tables, a name for people, and our client there."""

    how_to_choose: ClassVar[Text] = ""  # what a person must know who wants to use another account there
    revokes_one_by_one: ClassVar[bool] = False  # else a person's tokens stand and fall together, or may

    id: str
    name: str
    client: ClientCredentials
    says_when: SaysWhen = SaysWhen.NEVER
    upstream: UpstreamClient = field(init=False)
    reachability: ReachabilityProbe = field(init=False)

    def __post_init__(self) -> None:
        self.upstream = UpstreamClient(self.id)
        self.reachability = ReachabilityProbe(self.upstream, self.public_address)

    @property
    def callback_url(self) -> str:
        """The one registered redirect URI, built from PUBLIC_URL and never from the request."""
        path: str = reverse("provider-callback", kwargs={"provider_id": self.id})
        return f"{settings.PUBLIC_URL}{path}"

    @property
    @abstractmethod
    def origins(self) -> set[str]:
        """Where browsers are sent, as scheme and host, for the pages whose forms lead there (CSP). Never waits."""

    @property
    @abstractmethod
    def public_address(self) -> str:
        """Something that it publishes for everybody, to see whether it answers."""

    @property
    def is_down(self) -> bool:
        """Whether it could not be used a moment ago. Never waits."""
        return self.upstream.failed_recently

    @property
    def answered_at(self) -> float | None:
        """When it last answered, as far as this process knows, in seconds since the epoch. Never waits."""
        return self.upstream.answered_at

    def start_url(self, flow: Flow) -> str:
        """Return where to send the browser, and where somebody is there. Raises SignInRefused.

        What was fetched for it a moment ago is as good as a knock.
        """
        url = self.authorization_url(flow)
        self.reachability.check()
        return url

    @abstractmethod
    def authorization_url(self, flow: Flow) -> str:
        """Return where a browser begins there. Raises SignInRefused when the provider cannot be asked where."""

    @abstractmethod
    def check_callback(self, parameters: Mapping[str, str]) -> None:
        """Refuse a callback that is not this provider's. Raises SignInRefused."""

    @abstractmethod
    def refreshed(self, refresh_token: str, *, subject: str, nonce: str = "") -> Tokens:
        """Return new tokens of that subject (RFC 6749, section 6); ``nonce`` is the kept ID token's, where it has one.

        Raises RefreshRefused where the refresh token is over, SignInRefused without an answer that can be believed.
        """

    @property
    @abstractmethod
    def issues_as(self) -> str:
        """The issuer of its identities. What another one gave is never shown to it. Never waits."""

    @property
    def end_session_endpoint(self) -> str:
        """Where a person's browser signs out there, or nothing where that is not known or not offered. Never waits."""
        return ""

    def is_offline(self, scopes: str) -> bool:
        """Whether tokens with these scopes are a session there by themselves, which ends with none of the person's."""
        return False

    @abstractmethod
    def revoke(self, *, access: str, refresh: str) -> Revoked:
        """Have tokens revoked, either of which may be empty. Raises SignInRefused when it should be tried again."""

    @abstractmethod
    def identify(self, code: str, flow: Flow) -> ExternalIdentity:
        """Spend a code and return whom it stands for. Raises SignInRefused.

        A claim that the flow wants and that does not come by itself may cost a call more; one that cannot be had
        is no reason to refuse anybody, it is ``unreadable``.
        """


def with_query(url: str, parameters: Mapping[str, str]) -> str:
    """Add parameters to an endpoint that may have some of its own (RFC 6749, section 3.1)."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode(parameters)}"


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
