"""The base class of every provider. Providers that speak OpenID Connect build on ``providers.openid``."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, ClassVar, NotRequired, TypedDict
from urllib.parse import urlencode, urlsplit
from uuid import UUID

from django.conf import settings
from django.urls import reverse

from accounts.sign_in.provider_names import SaysWhen
from foundation.canonical_email import domain_of
from providers.flow import Flow
from providers.identity import ExternalIdentity
from providers.page_texts import Text
from providers.reachability import ReachabilityProbe
from providers.sign_up import EVERYBODY, SignUp
from providers.tokens import Revoked, Tokens
from providers.upstream import UpstreamClient


@dataclass(frozen=True, kw_only=True)
class ClientCredentials:
    """The credentials with which we are registered as a client at a provider."""

    id: str
    secret: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class AdditionalClaims:
    """Claims fetched in addition to the identity's own, and the names of claims that could not be fetched."""

    claims: Mapping[str, Any] = field(default_factory=dict)
    unreadable: frozenset[str] = frozenset()


class ProviderRegistration(TypedDict):
    """What a provider of any kind is made with, whether the environment or a connection says so."""

    id: str
    name: str
    client: ClientCredentials
    refresh_interval: timedelta | None
    tenant_id: NotRequired[UUID | None]
    is_outward: NotRequired[bool]
    owned_domains: NotRequired[frozenset[str]]
    sign_up: NotRequired[SignUp]


@dataclass(kw_only=True)
class Provider(ABC):
    """A service that authenticates people: ``id`` is for URLs and tables, ``name`` for people.

    ``tenant_id`` is the tenant whose administrators set it up, or None for the site's own. ``refresh_interval`` is how
    often it is asked whether a session that came from it is still valid, or None for never. With ``is_outward`` all
    its addresses must be public ones. ``owned_domains`` are its tenant's, in canonical form.
    """

    how_to_choose: ClassVar[Text] = ""  # a hint for people who want to use another account there
    revokes_one_by_one: ClassVar[bool] = False  # otherwise revoking one token may revoke all of a person's tokens

    id: str
    name: str
    client: ClientCredentials
    says_when: SaysWhen = SaysWhen.NEVER
    tenant_id: UUID | None = None
    refresh_interval: timedelta | None = None
    is_outward: bool = False
    owned_domains: frozenset[str] = frozenset()
    sign_up: SignUp = EVERYBODY
    upstream: UpstreamClient = field(init=False)
    reachability: ReachabilityProbe = field(init=False)

    def __post_init__(self) -> None:
        self.upstream = UpstreamClient(self.id, is_outward=self.is_outward)
        self.reachability = ReachabilityProbe(self.upstream, self.public_address)

    @property
    def callback_url(self) -> str:
        """The one registered redirect URI, built from PUBLIC_URL and never from the request."""
        path: str = reverse("provider-callback", kwargs={"provider_id": self.id})
        return f"{settings.PUBLIC_URL}{path}"

    @property
    @abstractmethod
    def origins(self) -> set[str]:
        """The origins that browsers are sent to, for the CSP of pages whose forms lead there. Never waits."""

    @property
    @abstractmethod
    def public_address(self) -> str:
        """A URL that needs no authentication, requested to check whether the provider answers."""

    @property
    def is_down(self) -> bool:
        """Whether a recent call to it failed. Never waits."""
        return self.upstream.failed_recently

    @property
    def answered_at(self) -> float | None:
        """When it last answered, as far as this process knows, in seconds since the epoch. Never waits."""
        return self.upstream.answered_at

    def start_url(self, flow: Flow) -> str:
        """Return where to send the browser, after checking that the provider answers. Raises SignInRefused.

        A successful fetch a moment ago counts as an answer. That is why the URL, which may need one, comes first.
        """
        url = self.authorization_url(flow)
        self.reachability.check()
        return url

    def believed(self, external: ExternalIdentity) -> ExternalIdentity:
        """Return an identity with what this provider's word is worth.

        Whoever runs a tenant's provider can assert any address. It counts as verified only in the tenant's own domains.
        """
        if self.tenant_id is None or not external.email_verified or domain_of(external.email) in self.owned_domains:
            return external
        return external.changed(email_verified=False)

    @abstractmethod
    def authorization_url(self, flow: Flow) -> str:
        """Return the authorization URL. Raises SignInRefused if the provider's metadata cannot be fetched."""

    @abstractmethod
    def check_callback(self, parameters: Mapping[str, str]) -> None:
        """Raise SignInRefused if the callback does not come from this provider."""

    @abstractmethod
    def refreshed(self, refresh_token: str, *, subject: str, nonce: str = "") -> Tokens:
        """Return new tokens for the subject (RFC 6749, section 6). ``nonce`` is that of the stored ID token, if any.

        Raises RefreshRefused if the refresh token is no longer valid, SignInRefused without a trustworthy answer.
        """

    @property
    @abstractmethod
    def issues_as(self) -> str:
        """The issuer of its identities. Tokens of another issuer are never sent to it. Never waits."""

    @property
    def end_session_endpoint(self) -> str:
        """Where a browser signs out at the provider, or "" if that is unknown or not offered. Never waits."""
        return ""

    def is_offline(self, scopes: str) -> bool:
        """Return whether tokens with these scopes outlive the person's sessions at the provider."""
        return False

    @abstractmethod
    def revoke(self, *, access: str, refresh: str) -> Revoked:
        """Revoke tokens; either may be empty. Raises SignInRefused if the revocation should be retried."""

    @abstractmethod
    def identify(self, code: str, flow: Flow) -> ExternalIdentity:
        """Exchange an authorization code for the identity it stands for. Raises SignInRefused.

        Claims that the flow wants may take one more request. A claim that cannot be fetched does not refuse the
        sign-in: its name goes to ``unreadable``.
        """


def with_query(url: str, parameters: Mapping[str, str]) -> str:
    """Add parameters to an endpoint that may already have a query (RFC 6749, section 3.1)."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode(parameters)}"


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"
