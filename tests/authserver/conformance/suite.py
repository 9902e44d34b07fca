"""A driver like the OpenID Foundation's suite: three clients, a person at a browser, and what a client checks."""

import base64
import json
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.http import HttpResponse
from django.test import Client as Program

from authserver.models import Client
from tests.authserver.conformance.browser import FORM, OP, SUITE, Arrival, Page, Person
from tests.authserver.conformance.checks import check_types, id_token_claims
from tests.support.apps import ALL_GRANTS, SCOPES
from tests.support.oauth import basic, registered

ALIAS = f"{SUITE}/test/a/vestibule"
CALLBACK = f"{ALIAS}/callback"
AFTER_LOGOUT = f"{ALIAS}/post_logout_redirect"
LOGOUT_RECEIVER = f"{ALIAS}/backchannel_logout"


@dataclass(frozen=True, kw_only=True)
class RelyingParty:
    """A client of the suite. ``is_in_body`` says how it authenticates: by ``client_secret_post``."""

    client: Client
    secret: str
    is_in_body: bool = False

    @property
    def client_id(self) -> str:
        return self.client.client_id


@dataclass(frozen=True, kw_only=True)
class SignedIn:
    """A sign-in that has passed the checks: the answer to the client, its tokens, and the claims of the ID token."""

    answer: dict[str, str]
    tokens: dict[str, Any]
    claims: dict[str, Any]

    @property
    def access_token(self) -> str:
        found: str = self.tokens["access_token"]
        return found


class Suite:
    """One run of a module: with its three clients, one person, and what it discovered."""

    def __init__(self, person: Person, response_mode: str, **changed: Any) -> None:
        self.person, self.response_mode = person, response_mode
        self.program = Program(SERVER_NAME=urlsplit(OP).netloc)
        self.metadata: dict[str, Any] = self.call("GET", "/.well-known/openid-configuration").json()  # type: ignore[attr-defined]
        self.keys: dict[str, Any] = self.call("GET", self.metadata["jwks_uri"]).json()  # type: ignore[attr-defined]
        self.first, self.second = relying_party("first", **changed), relying_party("second", **changed)
        self.by_post = relying_party("third", is_in_body=True, **changed)

    def call(self, method: str, url: str, fields: dict[str, str] | None = None, **headers: str) -> HttpResponse:
        """Send a request of a program: without cookies, and with a form if there are fields."""
        parts = urlsplit(url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        found: Any = self.program.generic(
            method, path, urlencode(fields or {}), content_type=FORM if fields else "", secure=True, headers=headers
        )
        response: HttpResponse = found
        return response

    def parameters(self, **changed: str | None) -> dict[str, str]:
        """Return the parameters of the suite's ordinary request, without PKCE. A change to None leaves one out."""
        usual: dict[str, str | None] = {
            "client_id": self.first.client_id,
            "redirect_uri": CALLBACK,
            "scope": "openid",
            "state": secrets.token_urlsafe(8),
            "nonce": secrets.token_urlsafe(8),
            "response_type": "code",
            "response_mode": None if self.response_mode == "query" else self.response_mode,
        }
        return {name: value for name, value in {**usual, **changed}.items() if value is not None}

    def url(self, parameters: dict[str, str]) -> str:
        return f"{self.metadata['authorization_endpoint']}?{urlencode(parameters)}"

    def authorize(self, **changed: str | None) -> dict[str, str]:
        """Send the person to the authorization endpoint and return the answer, which is checked: RFC 9207 and state."""
        parameters = self.parameters(**changed)
        return self.answer_of(self.person.visit(self.url(parameters)), parameters)

    def refused(self, parameters: dict[str, str]) -> Page:
        """Send a request that must not be answered to the client, and return the page that refuses it."""
        place = self.person.visit(self.url(parameters))
        assert isinstance(place, Page), place
        assert place.is_refusal
        assert SUITE not in place.text
        return place

    def answer_of(self, place: Page | Arrival, parameters: dict[str, str]) -> dict[str, str]:
        assert isinstance(place, Arrival), place
        assert place.url == CALLBACK
        assert place.method == ("POST" if self.response_mode == "form_post" else "GET")
        assert place.parameters["iss"] == self.metadata["issuer"]
        assert place.parameters.get("state") == parameters.get("state")
        return place.parameters

    def redeem(self, code: str, party: RelyingParty | None = None, **changed: str) -> HttpResponse:
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, **changed}
        return self.token_request(fields, party or self.first)

    def refresh(self, token: str, party: RelyingParty | None = None) -> HttpResponse:
        return self.token_request({"grant_type": "refresh_token", "refresh_token": token}, party or self.first)

    def token_request(self, fields: dict[str, str], party: RelyingParty) -> HttpResponse:
        if party.is_in_body:
            own = {"client_id": party.client_id, "client_secret": party.secret}
            return self.call("POST", self.metadata["token_endpoint"], fields | own)
        return self.call(
            "POST", self.metadata["token_endpoint"], fields, Authorization=basic(party.client_id, party.secret)
        )

    def sign_in(self, party: RelyingParty | None = None, **changed: str | None) -> SignedIn:
        """Run the whole flow with every check of the suite, and return what came of it."""
        party = party or self.first
        parameters = self.parameters(**{"client_id": party.client_id, **changed})
        answer = self.answer_of(self.person.visit(self.url(parameters)), parameters)
        return self.finish(answer, parameters, party)

    def finish(
        self, answer: dict[str, str], parameters: dict[str, str], party: RelyingParty | None = None, **more: str
    ) -> SignedIn:
        """Redeem the code of an answer, and check the tokens and what userinfo says."""
        party = party or self.first
        assert "error" not in answer, answer
        response = self.redeem(answer["code"], party, **more)
        assert response.status_code == 200, response.content
        assert response.headers["Content-Type"].startswith("application/json")
        assert "no-store" in response.headers["Cache-Control"]
        tokens: dict[str, Any] = json.loads(response.content)
        assert tokens["token_type"].lower() == "bearer"
        claims = self.id_token(tokens, party)
        assert claims.get("nonce") == parameters.get("nonce")
        assert self.userinfo(tokens["access_token"])["sub"] == claims["sub"]
        return SignedIn(answer=answer, tokens=tokens, claims=claims)

    def id_token(self, tokens: dict[str, Any], party: RelyingParty | None = None) -> dict[str, Any]:
        """Return the claims of the ID token of a response, checked."""
        client_id = (party or self.first).client_id
        return id_token_claims(
            tokens["id_token"],
            metadata=self.metadata,
            keys=self.keys,
            client_id=client_id,
            access_token=tokens["access_token"],
        )

    def userinfo(self, access_token: str, method: str = "GET") -> dict[str, Any]:
        """Return what userinfo says, checked."""
        response = self.call(method, self.metadata["userinfo_endpoint"], Authorization=f"Bearer {access_token}")
        assert response.status_code == 200, response.content
        assert response.headers["Content-Type"].startswith("application/json")
        claims: dict[str, Any] = json.loads(response.content)
        assert isinstance(claims["sub"], str)
        check_types(claims)
        return claims

    def log_out(self, **parameters: str) -> Page | Arrival:
        """Send the person to sign out, and return where they end up."""
        query = f"?{urlencode(parameters)}" if parameters else ""
        return self.person.visit(f"{self.metadata['end_session_endpoint']}{query}")

    def is_signed_out(self) -> bool:
        """Whether a request that may show no page is refused, because nobody is signed in."""
        answer = self.authorize(prompt="none")
        assert ("code" in answer) is not ("error" in answer)
        return answer.get("error") == "login_required"

    def error_of(self, response: HttpResponse) -> str:
        """Return the error code of a response of the token endpoint (RFC 6749, section 5.2)."""
        assert response.status_code in {400, 401}
        assert response.headers["Content-Type"].startswith("application/json")
        found: str = json.loads(response.content)["error"]
        return found


def relying_party(name: str, *, is_in_body: bool = False, **changed: Any) -> RelyingParty:
    """Register a client as for a certification: nothing but its URIs and the switch about PKCE is special."""
    usual: dict[str, Any] = {
        "name": f"Suite, {name} client",
        "grants": ALL_GRANTS,
        "scopes": SCOPES,
        "redirect_uris": [CALLBACK],
        "post_logout_redirect_uris": [AFTER_LOGOUT],
        "is_pkce_optional": True,
    }
    client, secret = registered(**{**usual, **changed})
    return RelyingParty(client=client, secret=secret, is_in_body=is_in_body)


def unsigned(claims: dict[str, Any]) -> str:
    """Return a JWT without a signature (``alg`` is ``none``)."""
    parts = ({"alg": "none"}, claims)
    return ".".join(base64.urlsafe_b64encode(json.dumps(one).encode()).rstrip(b"=").decode() for one in parts) + "."
