"""The one place that reads the environment: typed, and with one error that lists every fault."""

import os
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)  # fmt: skip
from pydantic_core import PydanticUseDefault

from config import issuers, mail, own_url, second_factors, server_urls, variables
from config.issuers import AcrValues, Algorithms
from config.keys import key_of
from config.own_url import is_safe_url
from config.resolvers import Resolvers
from config.serving import CommaSeparated, Serving, Url
from config.signing_keys import ReuseWindow, SigningKeys
from config.variables import ConfigurationRefused
from foundation.issuers import fault_of_microsoft

OTHER_URLS = {"public_url", "github_url", "github_api_url", "microsoft_graph_url"}
RefreshInterval = Annotated[
    int, Field(ge=0, le=86_400, description="seconds after which an active session's tokens are refreshed; 0: never")
]


class Environment(Serving):
    """The settings from the environment. ``.env.example`` documents them."""

    secret_key: SecretStr = Field(description="signs cookies and links: at least 50 random characters")
    secret_key_fallbacks: Annotated[list[SecretStr], CommaSeparated] = Field(
        default=[], description="former SECRET_KEYs, newest first: what they signed still counts"
    )
    mode: Literal["production", "development"] = "production"
    debug: bool = Field(default=False, description="Django's technical error pages; refused in production")

    database_url: SecretStr = Field(description="PostgreSQL, as the runtime role")
    prepared_statements: Literal["on", "off"] = Field(
        default="on", description="off: behind a pooler that exchanges connections and knows no prepared statements"
    )
    database_owner_url: SecretStr | None = Field(
        default=None, description="PostgreSQL, as the role that owns the tables; only migrations use it"
    )
    redis_url: SecretStr = Field(description="Redis or Valkey, 6.2 or newer")

    audit_sealing_keys: Annotated[list[SecretStr], CommaSeparated] = Field(
        default=[], description="base64 of 32 random bytes each, newest first; default one derived from SECRET_KEY"
    )

    token_encryption_keys: Annotated[list[SecretStr], CommaSeparated] = Field(
        default=[], description="base64 of 32 random bytes each, newest first; default one derived from SECRET_KEY"
    )

    oidc_signing_keys: SigningKeys = []
    refresh_reuse_window: ReuseWindow = 10
    email_url: SecretStr = Field(
        default=SecretStr(""),
        description="smtp://user:password@host:587, smtps://…, or console: (development's default)",
    )
    email_from: str = Field(default="", description="the sender of mails; default no-reply@<host of PUBLIC_URL>")
    local_accounts: Literal["off", "invited", "open"] = Field(
        default="off", description="whether people without a provider can have an account with a password"
    )
    rate_limits_exempt: Annotated[list[IPv4Network | IPv6Network], CommaSeparated] = Field(
        default=[], description="networks exempt from the limits of sign-ins, registrations and the API"
    )
    dns_resolvers: Resolvers = []
    invitation_days: int = Field(default=7, ge=1, le=90, description="how long an invitation's link can be used")
    session_idle_minutes: int = Field(default=480, ge=5, le=1440, description="without use; tenants may shorten it")
    session_lifetime_hours: int = Field(default=24, ge=1, le=720, description="after signing in, at the latest")
    remembered_idle_days: int = Field(
        default=14, ge=1, le=90, description="the same for people who ask to stay signed in"
    )
    remembered_lifetime_days: int = Field(default=30, ge=1, le=365)
    local_passwords: Literal["on", "off"] = Field(
        default="on", description="off: stored passwords count neither for sign-in nor for reauthentication"
    )
    admin_second_factor: Literal["required", "if_enrolled"] | None = Field(
        default=None, description="default required; if_enrolled in development, as long as LOCAL_PASSWORDS is on"
    )
    sign_in_by_address: Literal["on", "off"] = Field(
        default="off",
        description="on: the sign-in page asks for the address first; its domain may lead elsewhere",
    )
    mfa_by_provider: Annotated[list[str], CommaSeparated] = Field(
        default=["google:mfa", "microsoft:mfa", "keycloak:mfa"],
        description="acr and amr values with which a provider's sign-in counts as two factors, as provider:value or "
        "provider:value+value; none: no value does",
    )

    offline_access: Annotated[list[Literal["google", "microsoft", "keycloak"]], CommaSeparated] = Field(
        default=[], description="providers that are asked for tokens that outlive the person's session there"
    )

    sandbox_port: int = Field(default=9000, ge=1, le=65535, description="development only")
    demo_admin_name: str = Field(default="", description="development only")
    demo_admin_password: SecretStr = Field(default=SecretStr(""), description="development only")

    google_client_id: str = ""
    google_client_secret: SecretStr = SecretStr("")
    google_issuer: str = "https://accounts.google.com"
    google_signing_algorithms: Algorithms = Field(default=["RS256"])
    google_refresh_interval: RefreshInterval = 300
    microsoft_client_id: str = ""
    microsoft_client_secret: SecretStr = SecretStr("")
    microsoft_issuer: str = Field(
        default="", description="https://login.microsoftonline.com/<tenant id>/v2.0, one tenant by its id"
    )
    microsoft_signing_algorithms: Algorithms = Field(default=["RS256"])
    microsoft_refresh_interval: RefreshInterval = 300
    microsoft_graph_url: Url = Field(
        default="https://graph.microsoft.com",
        description="queried for groups where claim rules need them; other clouds have their own",
    )
    github_client_id: str = ""
    github_client_secret: SecretStr = SecretStr("")
    github_url: Url = "https://github.com"
    github_api_url: Url = "https://api.github.com"
    github_refresh_interval: RefreshInterval = 300
    keycloak_client_id: str = ""
    keycloak_client_secret: SecretStr = SecretStr("")
    keycloak_issuer: str = Field(default="", description="https://<host>/realms/<realm>")
    keycloak_signing_algorithms: Algorithms = Field(default=["RS256"])
    keycloak_acr_values: AcrValues = Field(default=[])
    keycloak_refresh_interval: RefreshInterval = 300

    @field_validator("*", mode="before")
    @classmethod
    def _empty_is_unset(cls, value: Any) -> Any:
        if value == "":
            raise PydanticUseDefault
        return value

    @field_validator("secret_key")
    @classmethod
    def _secret_is_long(cls, value: SecretStr) -> SecretStr:
        text = value.get_secret_value()
        if len(text) < 50 or text.startswith("django-insecure"):
            raise ValueError("needs at least 50 random characters")
        return value

    @field_validator("secret_key_fallbacks")
    @classmethod
    def _former_secrets_are_long(cls, value: list[SecretStr]) -> list[SecretStr]:
        return [cls._secret_is_long(secret) for secret in value]

    @field_validator("audit_sealing_keys", "token_encryption_keys")
    @classmethod
    def _keys_are_random(cls, value: list[SecretStr]) -> list[SecretStr]:
        keys = [key_of(secret) for secret in value]
        if len(set(keys)) < len(keys):
            raise ValueError("names a key twice")
        return value

    @field_validator("database_url", "database_owner_url", "redis_url")
    @classmethod
    def _names_its_server(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        look = server_urls.fault_of_redis if info.field_name == "redis_url" else server_urls.fault_of_postgresql
        if value is not None and (fault := look(value.get_secret_value())):
            raise ValueError(fault)
        return value

    @field_validator("mfa_by_provider")
    @classmethod
    def _two_factors(cls, value: list[str]) -> list[str]:
        second_factors.read(value)
        return value

    @field_validator("microsoft_issuer")
    @classmethod
    def _one_microsoft_tenant(cls, value: str) -> str:
        if fault := fault_of_microsoft(value):
            raise ValueError(fault)
        return value

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        faults = [
            *issuers.incomplete(self._texts()),
            *self._unsafe_in_production(),
            *self._bad_urls(),
            *self._never_right(),
            *self._bad_mail(),
            *self.faults(),
            *issuers.shared(self._texts()),
        ]
        if faults:
            raise ValueError("\n".join(faults))
        return self

    def _unsafe_in_production(self) -> list[str]:
        if self.mode == "development":
            return []
        faults = ["DEBUG: must be off in production"] if self.debug else []
        return faults + (["ALLOWED_HOSTS: a wildcard is refused"] if "*" in self.allowed_hosts else [])

    def _bad_urls(self) -> list[str]:
        names = [name for name in type(self).model_fields if name.endswith("_issuer") or name in OTHER_URLS]
        return [
            f"{name.upper()}: must be an https URL (plain http only on loopback)"
            for name in names
            if getattr(self, name) and not is_safe_url(getattr(self, name))
        ]

    def _never_right(self) -> list[str]:
        """Return the faults of values that are safe but can never work."""
        issuers = {name: getattr(self, name) for name in type(self).model_fields if name.endswith("_issuer")}
        found = [
            ("public_url", own_url.fault_of_public_url(self.public_url) if is_safe_url(self.public_url) else None),
            *((name, own_url.fault_of_issuer(url)) for name, url in issuers.items()),
            *(("allowed_hosts", own_url.fault_of_host(host)) for host in self.allowed_hosts),
            ("email_from", mail.fault_of_sender(self.email_from) if self.email_from else None),
            *((name, server_urls.fault_of_credential(_text(getattr(self, name)))) for name in self._credentials()),
        ]
        if self.is_development and self.sandbox_port == self.port:
            found.append(("sandbox_port", "is the same as PORT, so that one of the two could not start"))
        return [f"{name.upper()}: {fault}" for name, fault in found if fault]

    @classmethod
    def _credentials(cls) -> list[str]:
        return [name for name in cls.model_fields if name.endswith(("_client_id", "_client_secret"))]

    def _texts(self) -> dict[str, str]:
        return {name: _text(value) for name, value in self if isinstance(value, str | SecretStr)}

    def _bad_mail(self) -> list[str]:
        if not self.mail_url:
            return ["LOCAL_ACCOUNTS: needs EMAIL_URL, to verify addresses"] if self.local_accounts != "off" else []
        fault = mail.fault(self.mail_url, is_development=self.is_development)
        return [f"EMAIL_URL: {fault}"] if fault else []

    @property
    def mail_url(self) -> str:
        """``EMAIL_URL`` or its default; empty where no mail can be sent."""
        return self.email_url.get_secret_value() or (f"{mail.CONSOLE}:" if self.is_development else "")

    @property
    def is_development(self) -> bool:
        return self.mode == "development"

    @property
    def asks_administrators_for_second_factor(self) -> bool:
        """Whether administrators without a second factor must enrol one before they enter the admin."""
        if self.admin_second_factor is not None:
            return self.admin_second_factor == "required"
        return not self.is_development or self.local_passwords == "off"


def _text(value: str | SecretStr) -> str:
    return value.get_secret_value() if isinstance(value, SecretStr) else value


def names() -> list[str]:
    """Return the names of all variables, as they are written in the environment."""
    return [name.upper() for name in Environment.model_fields]


def read(environ: Mapping[str, str] = os.environ) -> Environment:
    """Read the environment and, outside production, the checkout's files, over which the environment wins.

    Raises ConfigurationRefused with one line for each fault.
    """
    values = {name.lower(): value for name, value in variables.given(names(), environ).items()}
    try:
        return Environment(**values)  # type: ignore[arg-type]  # strings, which the fields parse
    except ValidationError as refused:
        raise ConfigurationRefused(variables.as_lines(refused)) from None
