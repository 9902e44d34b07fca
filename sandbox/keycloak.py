"""Play a Keycloak realm: JWT access tokens with roles, groups, `sid`, RFC 9207, logout."""

import time
import uuid

from sandbox.authorize import Rules
from sandbox.clients import client_proves_itself
from sandbox.drafts import Draft
from sandbox.end_session import EndSession
from sandbox.faults import Lie, Stage
from sandbox.grants import Grant, Kind
from sandbox.oidc import REFRESH_SECONDS, OpenIdProvider, Paths
from sandbox.personas import Persona
from sandbox.providers import Provider
from sandbox.routing import Endpoint, Routes
from sandbox.wire import Answer, Request, json_answer
from sandbox.world import World

REALM = "/keycloak/realms/vestibule"
CONNECT = f"{REALM}/protocol/openid-connect"
LOGOUT = f"{CONNECT}/logout"
INTROSPECT = f"{CONNECT}/token/introspect"


class Keycloak(OpenIdProvider):
    provider = Provider.KEYCLOAK
    paths = Paths(
        discovery=f"{REALM}/.well-known/openid-configuration",
        authorize=f"{CONNECT}/auth",
        token=f"{CONNECT}/token",
        jwks=f"{CONNECT}/certs",
        userinfo=f"{CONNECT}/userinfo",
        revoke=f"{CONNECT}/revoke",
    )
    rules = Rules(answers_iss=True, answers_session_state=True)
    access_seconds = 300

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.end_session = EndSession(world, self.door)

    def routes(self) -> Routes:
        introspect = Endpoint("introspect", self.introspect)
        return super().routes() | self.end_session.routes(LOGOUT) | {("POST", INTROSPECT): introspect}

    def metadata(self) -> dict[str, object]:
        base = self.world.base_url
        return {
            "subject_types_supported": ["public"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "end_session_endpoint": base + LOGOUT,
            "introspection_endpoint": base + INTROSPECT,
            "authorization_response_iss_parameter_supported": True,
            "backchannel_logout_supported": True,
            "backchannel_logout_session_supported": True,
        }

    def person_claims(self, persona: Persona, scopes: frozenset[str]) -> dict[str, object]:
        found: dict[str, object] = {}
        if "email" in scopes:
            found["email_verified"] = persona.email is not None and persona.email_verified
            if persona.email is not None:
                found["email"] = persona.email
        if "profile" in scopes:
            found |= {"name": persona.name, "preferred_username": persona.username}
            found |= {"given_name": persona.given_name, "family_name": persona.family_name}
        if persona.groups:
            found["groups"] = list(persona.groups)
        return found

    def token_claims(self, grant: Grant) -> dict[str, object]:
        return {"typ": "ID", **self._session_claims(grant)}

    def access_token(self, grant: Grant) -> str:
        now = int(time.time())
        persona, scopes = grant.session.persona, grant.ask.scopes
        claims: dict[str, object] = {
            "iss": self.world.issuer(self.provider),
            "aud": "account",
            "iat": now,
            "exp": now + self.access_seconds,
            "typ": "Bearer",
            "scope": " ".join(sorted(scopes)),
            "realm_access": {"roles": ["default-roles-vestibule", *persona.roles]},
            "resource_access": {"account": {"roles": ["manage-account", "view-profile"]}},
        }
        if persona.client_roles:
            claims["resource_access"] = {self.client.client_id: {"roles": list(persona.client_roles)}}
        claims |= self.subject_claims(persona) | self.person_claims(persona, scopes)
        scene = self.world.scene(self.provider)
        draft = Draft(scene, claims | self._session_claims(grant))
        for lie in self.world.effects(self.provider, Lie, stage=Stage.ACCESS_TOKEN):
            lie.bend(draft)
        return str(draft.signed())

    def answer_extras(self, grant: Grant) -> dict[str, object]:
        extras: dict[str, object] = {"not-before-policy": 0, "session_state": grant.session.sid}
        if grant.ask.offline:
            extras["refresh_expires_in"] = REFRESH_SECONDS
        return super().answer_extras(grant) | extras

    def introspect(self, request: Request) -> Answer:
        """Introspect access and refresh tokens (RFC 7662)."""
        if not client_proves_itself(request, self.client):
            return self.refusal("invalid_client", "Client id or secret are wrong.", 401)
        value, book = request.form.get("token", ""), self.world.grants
        token = book.live(value, self.provider, Kind.ACCESS)
        token = token or book.live(value, self.provider, Kind.REFRESH)
        if token is None or token.spent:
            return json_answer({"active": False})
        persona = token.grant.session.persona
        found = {"active": True, "client_id": self.client.client_id, "exp": int(token.expires)}
        found |= {"username": persona.username, "sid": token.grant.session.sid}
        return json_answer(found | self.subject_claims(persona) | super().answer_extras(token.grant))

    def _session_claims(self, grant: Grant) -> dict[str, object]:
        return {
            "jti": str(uuid.uuid4()),
            "azp": self.client.client_id,
            "sid": grant.session.sid,
            "auth_time": grant.session.auth_time,
            "acr": next(iter(grant.ask.acr_values), "1"),  # as if the person had authenticated as requested
        }
