"""What Google, Microsoft and Keycloak share: discovery, keys, tokens, userinfo, revocation."""

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox.authorize import FrontDoor, Rules
from sandbox.clients import BASIC, POST, client_proves_itself
from sandbox.config import Client
from sandbox.drafts import Draft, half_hash
from sandbox.faults import ClientMethods, Lie, Stage
from sandbox.grants import Grant, GrantRefused, Kind
from sandbox.personas import Persona
from sandbox.providers import Provider
from sandbox.routing import Endpoint, Routes
from sandbox.wire import Answer, Request, json_answer
from sandbox.world import World

REFRESH_SECONDS = 1800


@dataclass(frozen=True)
class Paths:
    """The paths of one provider's endpoints, below the sandbox's base URL."""

    discovery: str
    authorize: str
    token: str
    jwks: str
    userinfo: str
    revoke: str | None = None


class OpenIdProvider:
    """An OpenID provider. Subclasses define what differs: paths, claims, answers."""

    provider: Provider
    paths: Paths
    rules = Rules()
    access_seconds = 3600

    def __init__(self, world: World) -> None:
        self.world = world
        self.door = FrontDoor(world, self.provider, self.rules)

    def metadata(self) -> dict[str, object]:
        """Return this provider's additions to the discovery document that all three share."""
        raise NotImplementedError

    def person_claims(self, persona: Persona, scopes: frozenset[str]) -> dict[str, object]:
        """Return a person's claims that the scopes allow, for ID token and userinfo."""
        raise NotImplementedError

    def token_claims(self, grant: Grant) -> dict[str, object]:
        """Return the claims that only the ID token has."""
        raise NotImplementedError

    def access_token(self, grant: Grant) -> str:
        raise NotImplementedError

    def refusal(self, error: str, description: str, status: int = 400) -> Answer:
        return json_answer({"error": error, "error_description": description}, status)

    def answer_extras(self, grant: Grant) -> dict[str, object]:
        """Return this provider's additions to a token response."""
        return {"scope": " ".join(sorted(grant.ask.scopes))}

    def published_keys(self) -> list[Mapping[str, object]]:
        return [key.public_jwk() for key in self.world.ring(self.provider).published]

    @property
    def client(self) -> Client:
        return self.world.client(self.provider)

    def routes(self) -> Routes:
        found: Routes = {
            ("GET", self.paths.discovery): Endpoint("discovery", self.discovery, Stage.DISCOVERY),
            ("GET", self.paths.authorize): Endpoint("authorize", self.door.authorize),
            ("POST", f"/{self.provider}/choose"): Endpoint("choose", self.door.choose, guarded=True),
            ("POST", self.paths.token): Endpoint("token", self.token, Stage.TOKEN),
            ("GET", self.paths.jwks): Endpoint("jwks", self.jwks, Stage.JWKS),
            ("GET", self.paths.userinfo): Endpoint("userinfo", self.userinfo, Stage.USERINFO),
            ("POST", self.paths.userinfo): Endpoint("userinfo", self.userinfo, Stage.USERINFO),
        }
        if self.paths.revoke:
            found["POST", self.paths.revoke] = Endpoint("revoke", self.revoke, Stage.REVOCATION)
        return found

    def discovery(self, _request: Request) -> Answer:
        base = self.world.base_url
        shared = {
            "issuer": self.world.issuer(self.provider),
            "authorization_endpoint": base + self.paths.authorize,
            "token_endpoint": base + self.paths.token,
            "jwks_uri": base + self.paths.jwks,
            "userinfo_endpoint": base + self.paths.userinfo,
            "response_types_supported": ["code"],
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "code_challenge_methods_supported": ["S256"],
        }
        if self.paths.revoke:
            shared["revocation_endpoint"] = base + self.paths.revoke
        return json_answer(shared | self.metadata())

    def jwks(self, _request: Request) -> Answer:
        return json_answer({"keys": self.published_keys()})

    def token(self, request: Request) -> Answer:
        if not client_proves_itself(request, self.client, self._methods()):
            return self.refusal("invalid_client", "Client id or secret are wrong, or came in another way.", 401)
        try:
            grant = self._granted(request.form)
        except GrantRefused as refusal:
            return self.refusal("invalid_grant", str(refusal))
        if grant is None:
            return self.refusal("unsupported_grant_type", "Codes and refresh tokens only.")
        return self._tokens(grant, refreshed=request.form.get("grant_type") == "refresh_token")

    def _methods(self) -> tuple[str, ...]:
        """Return the accepted methods of client authentication: both, unless a fault restricts them."""
        found = self.world.effects(self.provider, ClientMethods)
        return found[0].taken if found else (BASIC, POST)

    def userinfo(self, request: Request) -> Answer:
        token = self.world.grants.live(request.bearer_token, self.provider, Kind.ACCESS)
        if token is None:
            challenge = (("WWW-Authenticate", 'Bearer error="invalid_token"'),)
            return json_answer({"error": "invalid_token"}, 401, challenge)
        persona, scopes = token.grant.session.persona, token.grant.ask.scopes
        found = self.subject_claims(persona) | self.person_claims(persona, scopes)
        return json_answer(persona.bent(self.provider, found))

    def revoke(self, request: Request) -> Answer:
        """RFC 7009, section 2.2: an unknown token is not an error."""
        if not client_proves_itself(request, self.client):
            return self.refusal("invalid_client", "Client id or secret are wrong.", 401)
        self.world.grants.revoke(request.form.get("token", ""), self.provider)
        return json_answer({})

    def subject_claims(self, persona: Persona) -> dict[str, object]:
        return {"sub": persona.subject(self.provider)}

    def id_token(self, grant: Grant, access_token: str, *, refreshed: bool) -> object:
        now = int(time.time())
        ask, persona = grant.ask, grant.session.persona
        claims: dict[str, object] = {
            "iss": self.world.issuer(self.provider),
            "aud": self.client.client_id,
            "iat": now,
            "exp": now + self.access_seconds,
            "at_hash": half_hash(access_token),
        }
        claims |= self.subject_claims(persona) | self.person_claims(persona, ask.scopes)
        if ask.nonce is not None:
            claims["nonce"] = ask.nonce
        if ask.max_age is not None or "login" in ask.prompt:
            claims["auth_time"] = grant.session.auth_time
        earlier = self.world.exchange_nonce(self.provider, ask.nonce)
        scene = self.world.scene(self.provider, earlier_nonce=earlier)
        stated = persona.bent(self.provider, claims | self.token_claims(grant))
        draft = Draft(scene, stated, access_token=access_token)
        lies = self.world.effects(self.provider, Lie, stage=Stage.ID_TOKEN)
        for lie in lies + (self.world.effects(self.provider, Lie, stage=Stage.REFRESH) if refreshed else []):
            lie.bend(draft)
        return draft.signed()

    def _granted(self, form: Mapping[str, str]) -> Grant | None:
        match form.get("grant_type"):
            case "authorization_code":
                return self.world.grants.redeem(
                    form.get("code", ""),
                    provider=self.provider,
                    redirect_uri=form.get("redirect_uri", ""),
                    verifier=form.get("code_verifier", ""),
                )
            case "refresh_token":
                return self.world.grants.rotate(form.get("refresh_token", ""), self.provider)
            case _:
                return None

    def _tokens(self, grant: Grant, *, refreshed: bool) -> Answer:
        book, seconds = self.world.grants, self.access_seconds
        access = book.issue(grant, Kind.ACCESS, self.access_token(grant), seconds)
        document = {"token_type": "Bearer", "access_token": access, "expires_in": seconds}
        document["id_token"] = self.id_token(grant, access, refreshed=refreshed)
        if grant.ask.offline:
            refresh = f"{self.provider}-refresh-{secrets.token_urlsafe(32)}"
            document["refresh_token"] = book.issue(grant, Kind.REFRESH, refresh, REFRESH_SECONDS)
        return json_answer(document | self.answer_extras(grant))
