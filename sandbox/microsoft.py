"""Play Microsoft Entra ID, one tenant: pairwise `sub`, `oid`, `tid`, and `xms_edov` for owners."""

import secrets
import time
import uuid
from collections.abc import Mapping

from sandbox.authorize import Rules
from sandbox.end_session import EndSession
from sandbox.faults import Stage
from sandbox.grants import Grant, Kind
from sandbox.oidc import OpenIdProvider, Paths
from sandbox.personas import Persona
from sandbox.providers import MICROSOFT_TENANT, Provider
from sandbox.routing import Endpoint, Routes
from sandbox.wire import Answer, Request, json_answer
from sandbox.world import World

HOME = f"/microsoft/{MICROSOFT_TENANT}"
LOGOUT = f"{HOME}/oauth2/v2.0/logout"
GRAPH = "/microsoft/graph"
MEMBERSHIPS = f"{GRAPH}/v1.0/me/transitiveMemberOf"
MOST_ON_PAGE = 999
MOST_IN_TOKEN = 200  # groups; with more the token refers to an endpoint ("overage")


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
        self.end_session = EndSession(world, self.door)

    def routes(self) -> Routes:
        groups = Endpoint("groups", self.groups, Stage.GROUPS)
        return super().routes() | self.end_session.routes(LOGOUT) | {("GET", MEMBERSHIPS): groups}

    def metadata(self) -> dict[str, object]:
        return {
            "subject_types_supported": ["pairwise"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "end_session_endpoint": self.world.base_url + LOGOUT,
            "frontchannel_logout_supported": True,
            "tenant_region_scope": "EU",
        }

    def published_keys(self) -> list[Mapping[str, object]]:
        """Microsoft's keys have no `alg`."""
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
        found |= {name: list(values) for name, values in given.items() if values}
        return found if len(persona.groups) <= MOST_IN_TOKEN else self._overage(persona, found)

    def groups(self, request: Request) -> Answer:
        """Play Graph: one page of the groups and roles of the token's person, with a link to the next page."""
        token = self.world.grants.live(request.bearer_token, self.provider, Kind.ACCESS)
        if token is None:
            return _graph_error("InvalidAuthenticationToken", 401)
        if f"{self.world.base_url}{GRAPH}/User.Read" not in token.grant.ask.scopes:
            return _graph_error("Authorization_RequestDenied", 403)
        groups = [
            {"@odata.type": "#microsoft.graph.group", "id": group} for group in token.grant.session.persona.groups
        ]
        entries = [*groups, {"@odata.type": "#microsoft.graph.directoryRole", "id": str(uuid.UUID(int=0))}]
        size = min(int(request.query.get("$top", "100")), MOST_ON_PAGE)
        first = int(request.query.get("$skiptoken", "0"))
        document: dict[str, object] = {"value": entries[first : first + size]}
        if len(entries) > first + size:
            following = f"$select=id&$top={size}&$skiptoken={first + size}"
            document["@odata.nextLink"] = f"{self.world.base_url}{MEMBERSHIPS}?{following}"
        return json_answer(document)

    @staticmethod
    def _overage(persona: Persona, claims: dict[str, object]) -> dict[str, object]:
        """Name the endpoint that Entra names, which belongs to a retired API and answers nothing."""
        endpoint = f"https://graph.windows.net/{MICROSOFT_TENANT}/users/{persona.directory_id()}/getMemberObjects"
        overage = {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": endpoint}}}
        return {name: value for name, value in claims.items() if name != "groups"} | overage

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


def _graph_error(code: str, status: int) -> Answer:
    return json_answer({"error": {"code": code, "message": "The sandbox's Graph refuses this."}}, status)
