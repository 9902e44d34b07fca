"""A target that issues tokens, and what its clients and one signed-in person do there."""

import secrets
from abc import abstractmethod
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote, urlencode, urlsplit

from bench.client import Order
from bench.measuring import Measured
from bench.rounds import Sample
from bench.running import Running
from bench.target import Target
from bench.tokens.agreed import AUDIENCE, MACHINE, REDIRECT_URI, WEB
from bench.tokens.grants import Grants
from bench.wire import Answer, Browser, Connection, Unexpected

FAMILIES = 40  # of refresh tokens, in turns: as many as people elsewhere, and none grows long
STEPS = 10  # redirects, at most


@dataclass(frozen=True, kw_only=True)
class Client:
    id: str
    secret: str

    @property
    def authorization(self) -> str:
        """The header of HTTP Basic authentication (RFC 6749, section 2.3.1)."""
        pair = f"{quote(self.id, safe='')}:{quote(self.secret, safe='')}"
        return f"Basic {b64encode(pair.encode()).decode()}"


class Issuer(Target):
    """A product that issues access tokens as JWTs, and refresh tokens that rotate."""

    readings: ClassVar[Mapping[str, str]] = {}
    discovery: ClassVar[str] = "/.well-known/openid-configuration"
    introspection: ClassVar[str] = ""  # where the discovery document does not say it
    scope: ClassVar[str] = "read"
    refresh_scope: ClassVar[str] = "read"
    audience: ClassVar[str] = AUDIENCE
    reuse_window: ClassVar[int] = 0  # seconds in which a used refresh token is not yet taken for stolen

    def missing(self) -> str:
        """Return why this target cannot run here, or nothing."""
        return ""

    @abstractmethod
    def clients(self, running: Running) -> dict[str, Client]:
        """Register MACHINE, WEB and OTHER, all confidential."""

    @abstractmethod
    def enter(self, measured: Measured) -> dict[str, str]:
        """Sign a person in, and return their cookies."""


@dataclass
class Issuing:
    """A running issuer with its clients, and a signed-in person."""

    measured: Measured
    issuer: Issuer
    clients: dict[str, Client] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)

    def prepare(self) -> None:
        self.clients = self.issuer.clients(self.measured.running)
        self.cookies = self.issuer.enter(self.measured)
        self.metadata = self.read(self.issuer.discovery)

    def path(self, endpoint: str) -> str:
        url: str = self.metadata[endpoint]
        return urlsplit(url).path

    def read(self, path: str) -> dict[str, Any]:
        with Connection(self.measured.running.url) as site:
            answer = site.ask("GET", path)
        return _json(answer, path)

    def ask(self, form: dict[str, str], client: str = WEB, *, secret: str = "") -> Answer:
        """Send a form to the token endpoint, with this secret instead of the client's own if there is one."""
        known = self.clients[client]
        authorization = Client(id=known.id, secret=secret or known.secret).authorization
        with Connection(self.measured.running.url) as site:
            return site.ask("POST", self.path("token_endpoint"), form=form, authorization=authorization)

    def machine_token(self) -> str:
        token: str = _json(self.ask(self.machine_form, MACHINE), "client credentials")["access_token"]
        return token

    @property
    def machine_form(self) -> dict[str, str]:
        return {"grant_type": "client_credentials", "scope": self.issuer.scope}

    def refresh(self, token: str, client: str = WEB) -> Answer:
        return self.ask({"grant_type": "refresh_token", "refresh_token": token}, client)

    def tokens(self, client: str = WEB) -> dict[str, str]:
        """Let the signed-in person authorize a client, and redeem the code: a new family of refresh tokens."""
        verifier = secrets.token_urlsafe(48)
        code = self._code(client, urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode())
        form = {"grant_type": "authorization_code", "redirect_uri": REDIRECT_URI, "code": code}
        found = _json(self.ask({**form, "code_verifier": verifier}, client), "the code's exchange")
        if "refresh_token" not in found:
            raise Unexpected(f"no refresh token among {sorted(found)}")
        return found

    def _code(self, client: str, challenge: str) -> str:
        query = {
            "response_type": "code",
            "client_id": self.clients[client].id,
            "redirect_uri": REDIRECT_URI,
            "scope": self.issuer.refresh_scope,
            "state": secrets.token_urlsafe(16),
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        with Connection(self.measured.running.url) as site:
            browser = Browser(site, dict(self.cookies))
            target = f"{self.path('authorization_endpoint')}?{urlencode(query)}"
            for _ in range(STEPS):
                answer = browser.get(target)
                target = answer.location
                if target.startswith(REDIRECT_URI):
                    break
                if not target:
                    raise Unexpected(f"the authorization answered {answer.status}: {answer.body[:300]!r}")
        found = parse_qs(urlsplit(target).query)
        if "code" not in found or found.get("state") != [query["state"]]:
            raise Unexpected(f"the authorization ended at {target}")
        return found["code"][0]

    def is_active(self, token: str) -> bool:
        """Ask about an access token by introspection (RFC 7662), as the client that holds it."""
        endpoint = self.issuer.introspection or self.metadata["introspection_endpoint"]
        with Connection(self.measured.running.url) as site:
            answer = site.ask(
                "POST",
                urlsplit(endpoint).path,
                form={"token": token},
                authorization=self.clients[WEB].authorization,
            )
        return answer.status == 200 and answer.json().get("active") is True

    def machine_grants(self, operations: int) -> Sample:
        return self._measure(MACHINE, [self.machine_form], operations)

    def refreshes(self, operations: int) -> Sample:
        """Rotate the refresh tokens of new families, which are authorized before and not measured."""
        families = min(FAMILIES, operations)
        forms = [
            {"grant_type": "refresh_token", "refresh_token": self.tokens()["refresh_token"]} for _ in range(families)
        ]
        return self._measure(WEB, forms, operations)

    def _measure(self, client: str, forms: list[dict[str, str]], operations: int) -> Sample:
        grants = Grants(path=self.path("token_endpoint"), authorization=self.clients[client].authorization, forms=forms)
        order = Order(base=self.measured.running.url, operations=operations, lanes=self.measured.lanes, grants=grants)
        return self.measured.measure(order)


def _json(answer: Answer, what: str) -> dict[str, Any]:
    if answer.status != 200:
        raise Unexpected(f"{what} answered {answer.status}: {answer.body[:300]!r}")
    return answer.json()
