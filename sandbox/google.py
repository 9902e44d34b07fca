"""Play Google: opaque tokens, subjects of 21 digits, `hd` for people with a company domain."""

import secrets

from sandbox.grants import Grant
from sandbox.oidc import OpenIdProvider, Paths
from sandbox.personas import Persona
from sandbox.providers import Provider


class Google(OpenIdProvider):
    provider = Provider.GOOGLE
    paths = Paths(
        discovery="/google/.well-known/openid-configuration",
        authorize="/google/o/oauth2/v2/auth",
        token="/google/token",  # noqa: S106 - a path
        jwks="/google/oauth2/v3/certs",
        userinfo="/google/v1/userinfo",
        revoke="/google/revoke",
    )
    access_seconds = 3599

    def metadata(self) -> dict[str, object]:
        return {
            "subject_types_supported": ["public"],
            "scopes_supported": ["openid", "email", "profile"],
            "claims_supported": [
                "aud",
                "email",
                "email_verified",
                "exp",
                "iat",
                "iss",
                "name",
                "sub",
            ],
        }

    def person_claims(self, persona: Persona, scopes: frozenset[str]) -> dict[str, object]:
        found: dict[str, object] = {}
        if persona.hosted_domain:
            found["hd"] = persona.hosted_domain
        if "email" in scopes and persona.email is not None:
            found |= {"email": persona.email, "email_verified": persona.email_verified}
        if "profile" in scopes:
            found |= {"name": persona.name, "given_name": persona.given_name}
            found |= {"family_name": persona.family_name, "picture": self._picture}
        return found

    def token_claims(self, _grant: Grant) -> dict[str, object]:
        return {"azp": self.client.client_id}

    def access_token(self, _grant: Grant) -> str:
        return f"ya29.{secrets.token_urlsafe(48)}"

    @property
    def _picture(self) -> str:
        return f"{self.world.base_url}/portrait.svg"
