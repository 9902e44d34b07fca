"""A relying party for the sandbox's tests: it speaks each provider's protocol over real HTTP."""

import base64
import http.client
import json
import secrets
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt

from sandbox.grants import challenge_of
from sandbox.providers import Provider
from sandbox.server import Sandbox

JSON = {"Accept": "application/json", "User-Agent": "tests"}


@dataclass(frozen=True)
class Got:
    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Flow:
    """One attempt to sign in: the parameters sent, and those that the callback received."""

    provider: Provider
    verifier: str
    nonce: str
    url: str
    callback: str = ""

    @property
    def answer(self) -> dict[str, str]:
        query = parse_qs(urlsplit(self.callback).query, keep_blank_values=True)
        return {name: values[0] for name, values in query.items()}


def fetch(
    url: str,
    form: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
    *,
    method: str = "",
    body: bytes | None = None,
) -> Got:
    parts = urlsplit(url)
    sent = dict(headers or {})
    if form is not None:
        body = urlencode(form).encode()
        sent.setdefault("Content-Type", "application/x-www-form-urlencoded")
    connection = http.client.HTTPConnection(parts.netloc, timeout=10)
    try:
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method or ("GET" if body is None else "POST"), target, body, sent)
        answer = connection.getresponse()
        return Got(answer.status, answer.read(), {n.lower(): v for n, v in answer.getheaders()})
    finally:
        connection.close()


def basic(name: str, secret: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


@dataclass
class Client:
    sandbox: Sandbox
    kept: dict[Provider, Any] = field(default_factory=dict)

    def metadata(self, provider: Provider) -> Any:
        if provider not in self.kept:
            issuer = self.sandbox.environment()[f"{provider.upper()}_ISSUER"]
            self.kept[provider] = fetch(f"{issuer}/.well-known/openid-configuration").json
        return self.kept[provider]

    def secret(self, provider: Provider) -> dict[str, str]:
        registered = self.sandbox.config.clients[provider]
        return {"client_id": registered.client_id, "client_secret": registered.secret}

    def start(self, provider: Provider, **changes: str | None) -> Flow:
        """Build an authorization URL. A change to None removes the parameter."""
        verifier, nonce = secrets.token_urlsafe(48), secrets.token_urlsafe(16)
        parameters = {
            "client_id": self.secret(provider)["client_id"],
            "redirect_uri": self.sandbox.world.redirect_uri(provider),
            "response_type": "code",
            "scope": "user:email" if provider is Provider.GITHUB else "openid email profile",
            "state": secrets.token_urlsafe(16),
            "code_challenge": challenge_of(verifier),
            "code_challenge_method": "S256",
        }
        if provider is not Provider.GITHUB:
            parameters["nonce"] = nonce
        sent = {n: v for n, v in {**parameters, **changes}.items() if v is not None}
        return Flow(provider, verifier, nonce, f"{self.authorize_url(provider)}?{urlencode(sent)}")

    def authorize_url(self, provider: Provider) -> str:
        if provider is Provider.GITHUB:
            return f"{self.sandbox.base_url}/github/login/oauth/authorize"
        return str(self.metadata(provider)["authorization_endpoint"])

    def token_url(self, provider: Provider) -> str:
        if provider is Provider.GITHUB:
            return f"{self.sandbox.base_url}/github/login/oauth/access_token"
        return str(self.metadata(provider)["token_endpoint"])

    def sign_in(self, provider: Provider, persona: str | None = "ada", **changes: str | None) -> Flow:
        flow = self.start(provider, **changes)
        callback = self.sandbox.visit(flow.url, persona)
        return Flow(provider, flow.verifier, flow.nonce, flow.url, callback)

    def redeem(self, flow: Flow, **changes: str) -> Got:
        form = {
            "grant_type": "authorization_code",
            "code": flow.answer.get("code", ""),
            "redirect_uri": self.sandbox.world.redirect_uri(flow.provider),
            "code_verifier": flow.verifier,
            **self.secret(flow.provider),
            **changes,
        }
        return fetch(self.token_url(flow.provider), form, JSON)

    def refresh(self, provider: Provider, token: str) -> Got:
        form = {"grant_type": "refresh_token", "refresh_token": token, **self.secret(provider)}
        return fetch(self.token_url(provider), form, JSON)

    def userinfo(self, provider: Provider, access_token: str) -> Got:
        headers = JSON | {"Authorization": f"Bearer {access_token}"}
        return fetch(self.metadata(provider)["userinfo_endpoint"], headers=headers)

    def github(self, path: str, access_token: str) -> Got:
        headers = JSON | {"Authorization": f"Bearer {access_token}"}
        return fetch(f"{self.sandbox.base_url}/github/api{path}", headers=headers)

    def verified(self, provider: Provider, token: str) -> dict[str, Any]:
        """Verify an ID token as a careful client does, against the published keys."""
        document = fetch(self.metadata(provider)["jwks_uri"]).json
        keys = {k["kid"]: jwt.PyJWK(k, algorithm="RS256") for k in document["keys"]}
        return jwt.decode(
            token,
            keys[jwt.get_unverified_header(token)["kid"]],
            ["RS256"],
            audience=self.secret(provider)["client_id"],
            issuer=self.metadata(provider)["issuer"],
            options={"require": ["exp", "iat", "sub", "nonce"]},
        )

    def is_signed(self, provider: Provider, token: str) -> bool:
        """Whether any of the published keys has signed it."""
        for key in fetch(self.metadata(provider)["jwks_uri"]).json["keys"]:
            try:
                jwt.api_jws.PyJWS().decode(token, jwt.PyJWK(key, algorithm="RS256"), ["RS256"])
            except (jwt.PyJWTError, AttributeError, ValueError, TypeError):  # junk keys have any shape
                continue
            return True
        return False

    def claims(self, provider: Provider, persona: str = "ada", **changes: str) -> dict[str, Any]:
        answer = self.redeem(self.sign_in(provider, persona, **changes)).json
        return self.verified(provider, answer["id_token"])
