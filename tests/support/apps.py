"""An app that signs people in: it sends a browser to the authorization endpoint, and redeems the code that comes."""

import base64
import secrets
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.http import HttpResponse
from django.test import Client as Browser

from authserver.models import Client, GrantType
from tests.support.oauth import basic, registered, token_request

CALLBACK = "https://app.example/callback"
AUTHORIZE = "/oauth/authorize"
ALL_GRANTS = [GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN]
SCOPES = ("openid", "profile", "email", "offline_access")


@dataclass
class App:
    """A registered client, with the PKCE verifier of its last request."""

    client: Client
    secret: str
    callback: str = CALLBACK
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48))

    @property
    def auth(self) -> str:
        return basic(self.client.client_id, self.secret)

    def parameters(self, **changed: str | None) -> dict[str, str]:
        """Return the parameters of an ordinary request. A change to None leaves one out."""
        challenge = base64.urlsafe_b64encode(sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        usual: dict[str, str | None] = {
            "response_type": "code",
            "client_id": self.client.client_id,
            "redirect_uri": self.callback,
            "scope": "openid",
            "state": "a state",
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return {name: value for name, value in {**usual, **changed}.items() if value is not None}

    def url(self, **changed: str | None) -> str:
        return f"{AUTHORIZE}?{urlencode(self.parameters(**changed))}"

    def authorize(self, browser: Browser, **changed: str | None) -> Any:
        """Open the authorization endpoint in a browser and return its response."""
        return browser.get(self.url(**changed))

    def redeem(self, code: str, browser: Browser | None = None, **changed: str) -> HttpResponse:
        """Send a code to the token endpoint. A public app names itself instead of authenticating."""
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.callback}
        fields |= {"code_verifier": self.verifier, **changed}
        fields |= {} if self.secret else {"client_id": self.client.client_id}
        return token_request(browser or Browser(), fields, self.auth if self.secret else None)

    def refresh(self, token: str, **changed: str) -> HttpResponse:
        fields = {"grant_type": "refresh_token", "refresh_token": token, **changed}
        fields |= {} if self.secret else {"client_id": self.client.client_id}
        return token_request(Browser(), fields, self.auth if self.secret else None)

    def tokens(self, browser: Browser, **changed: str | None) -> dict[str, Any]:
        """Sign in with a browser that needs no page, and return the tokens."""
        answer = answer_in(self.authorize(browser, **changed))
        found: dict[str, Any] = self.redeem(answer["code"]).json()  # type: ignore[attr-defined]
        return found


def app(**chosen: Any) -> App:
    """Register an app of our own that signs people in, unless fields of a Registration say otherwise."""
    usual: dict[str, Any] = {
        "grants": ALL_GRANTS,
        "scopes": SCOPES,
        "redirect_uris": [CALLBACK],
        "is_first_party": True,
    }
    client, secret = registered(**{**usual, **chosen})
    return App(client=client, secret=secret, callback=client.redirect_uris[0])


def answer_in(response: Any) -> dict[str, str]:
    """Return the answer to the app: the parameters of the redirect that a response is."""
    assert response.status_code in {302, 303}, response.content[:500]
    return dict(parse_qsl(urlsplit(response.headers["Location"]).query))
