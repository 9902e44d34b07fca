"""An adapter for mozilla-django-oidc: the library decides the order of the steps, and each step is our own.

By itself the library looks up people by email address, checks neither issuer nor audience, fetches the keys at each
sign-in without a timeout and discards the reason of a refusal.
"""

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from mozilla_django_oidc.auth import OIDCAuthenticationBackend

from providers.flow import Flow
from providers.identity import ExternalIdentity
from providers.openid import OpenIDProvider
from providers.tokens import Tokens


class CallbackRequest(HttpRequest):
    """What the library needs of a request. The real one would let the Host header into the redirect URI."""

    def __init__(self, callback_url: str, parameters: dict[str, str]) -> None:
        super().__init__()
        self._callback_url = callback_url
        self.GET = QueryDict(urlencode(parameters))

    def build_absolute_uri(self, location: str | None = None) -> str:
        return self._callback_url


class KeycloakBackend(OIDCAuthenticationBackend):  # type: ignore[misc]  # a library without types
    """Called directly, never listed in AUTHENTICATION_BACKENDS: Django would swallow its exceptions there."""

    def __init__(self, provider: OpenIDProvider) -> None:
        self._provider = provider
        self._tokens = Tokens()
        self._wants_fresh = False
        metadata = provider.metadata
        self._answers = {
            "OIDC_OP_TOKEN_ENDPOINT": metadata.token_endpoint,
            "OIDC_OP_USER_ENDPOINT": metadata.userinfo_endpoint,
            "OIDC_OP_JWKS_ENDPOINT": metadata.jwks_uri,
            "OIDC_RP_CLIENT_ID": provider.client.id,
            "OIDC_RP_CLIENT_SECRET": provider.client.secret,
            "OIDC_RP_SIGN_ALGO": "RS256",
            "OIDC_AUTHENTICATION_CALLBACK_URL": "account_login",  # any URL name will do: see CallbackRequest
        }
        super().__init__()

    def identify(self, code: str, flow: Flow) -> ExternalIdentity:
        """Exchange an authorization code. Raises SignInRefused."""
        self._wants_fresh = flow.wants_reauthentication
        request = CallbackRequest(self._provider.callback_url, {"code": code, "state": flow.state})
        identity = self.authenticate(request, nonce=flow.nonce, code_verifier=flow.code_verifier)
        assert isinstance(identity, ExternalIdentity)  # noqa: S101  # get_or_create_user below returns nothing else
        return self._provider.completed(identity, self._tokens, flow)

    def get_settings(self, attr: str, *args: Any) -> Any:
        return self._answers.get(attr, *args)

    def get_token(self, payload: dict[str, str]) -> dict[str, object]:
        self._tokens = self._provider.exchange(payload["code"], payload["code_verifier"])
        return {"id_token": self._tokens.id_token, "access_token": self._tokens.access_token}

    def verify_token(self, token: object, **kwargs: Any) -> dict[str, Any]:
        return self._provider.verified_claims(self._tokens, nonce=kwargs["nonce"], wants_fresh=self._wants_fresh)

    def store_tokens(self, access_token: object, id_token: object) -> None:
        """Do nothing: tokens do not belong in the session."""

    def get_or_create_user(self, access_token: object, id_token: object, payload: dict[str, Any]) -> ExternalIdentity:
        """Return the identity, not a user: the account is decided in one place, ``providers.linking``."""
        return self._provider.identity_from(payload)
