"""Play Microsoft Entra ID, one tenant: pairwise `sub`, `oid`, `tid`, and `xms_edov` for owners."""

import secrets
import time
from collections.abc import Mapping

from sandbox.authorize import Rules
from sandbox.grants import Grant
from sandbox.leaving import Leaving
from sandbox.oidc import OpenIdProvider, Paths
from sandbox.personas import Persona
from sandbox.providers import MICROSOFT_TENANT, Provider
from sandbox.routing import Routes
from sandbox.wire import Answer, json_answer
from sandbox.world import World

HOME = f"/microsoft/{MICROSOFT_TENANT}"
LOGOUT = f"{HOME}/oauth2/v2.0/logout"


class Microsoft(OpenIdProvider):
    provider = Provider.MICROSOFT
    paths = Paths(
        discovery=f"{HOME}/v2.0/.well-known/openid-configuration",
        authorize=f"{HOME}/oauth2/v2.0/authorize",
        token=f"{HOME}/oauth2/v2.0/token",
        jwks=f"{HOME}/discovery/v2.0/keys",
        userinfo="/microsoft/oidc/userinfo",
    )
    rules = Rules(answers_session_state=True)
    access_seconds = 3600

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.leaving = Leaving(world, self.door)

    def routes(self) -> Routes:
        return super().routes() | self.leaving.routes(LOGOUT)

    def metadata(self) -> dict[str, object]:
        return {
            "subject_types_supported": ["pairwise"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "end_session_endpoint": self.world.base_url + LOGOUT,
            "frontchannel_logout_supported": True,
            "tenant_region_scope": "EU",
        }

    def published_keys(self) -> list[Mapping[str, object]]:
        """Microsoft's keys name no `alg`."""
        issuer = self.world.issuer(self.provider)
        return [{n: v for n, v in key.items() if n != "alg"} | {"issuer": issuer} for key in super().published_keys()]

    def person_claims(self, persona: Persona, scopes: frozenset[str]) -> dict[str, object]:
        found: dict[str, object] = {}
        if "email" in scopes and persona.email is not None:
            found["email"] = persona.email
        if "profile" in scopes:
            found["name"] = persona.name
        return found

    def token_claims(self, grant: Grant) -> dict[str, object]:
        persona, scopes = grant.session.persona, grant.ask.scopes
        found: dict[str, object] = {
            "ver": "2.0",
            "tid": MICROSOFT_TENANT,
            "nbf": int(time.time()),
            "uti": secrets.token_urlsafe(16),
        }
        if "profile" in scopes:
            found |= {"oid": persona.directory_id(), "preferred_username": self._username(persona)}
        if "email" in scopes and persona.domain_owner is not None:
            found["xms_edov"] = persona.domain_owner
        given = {"roles": persona.roles, "groups": persona.groups}
        return found | {name: list(values) for name, values in given.items() if values}

    def access_token(self, _grant: Grant) -> str:
        return f"EwB{secrets.token_urlsafe(48)}"

    def answer_extras(self, grant: Grant) -> dict[str, object]:
        return super().answer_extras(grant) | {"ext_expires_in": self.access_seconds}

    def refusal(self, error: str, description: str, status: int = 400) -> Answer:
        document = {
            "error": error,
            "error_description": f"AADSTS70000: {description}",
            "error_codes": [70000],
            "timestamp": time.strftime("%Y-%m-%d %H:%M:%SZ", time.gmtime()),
        }
        return json_answer(document, status)

    @staticmethod
    def _username(persona: Persona) -> str:
        return persona.email or f"{persona.username}@vestibule.onmicrosoft.example"
