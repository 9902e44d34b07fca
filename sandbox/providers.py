"""The four sign-in providers that the sandbox plays."""

from enum import StrEnum


class Provider(StrEnum):
    GOOGLE = "google"
    MICROSOFT = "microsoft"
    GITHUB = "github"
    KEYCLOAK = "keycloak"

    @property
    def label(self) -> str:
        return {"github": "GitHub"}.get(self.value, self.value.capitalize())


OPENID_PROVIDERS = (Provider.GOOGLE, Provider.MICROSOFT, Provider.KEYCLOAK)
ALL_PROVIDERS = tuple(Provider)
MICROSOFT_TENANT = "3f0c2a5e-7b1d-4c8e-9a46-0d5e8b7c1f23"
ISSUER_PATHS = {Provider.MICROSOFT: f"/{MICROSOFT_TENANT}/v2.0", Provider.KEYCLOAK: "/realms/vestibule"}


def issuer(base_url: str, provider: Provider) -> str:
    return f"{base_url}/{provider}{ISSUER_PATHS.get(provider, '')}"
