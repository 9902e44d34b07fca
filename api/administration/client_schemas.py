"""What is sent and returned about apps."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from ninja import Field, Schema

from api.inputs import Input, Key
from authserver.clients.registration import MOST
from authserver.models import GrantType, RefreshPolicy, SigningAlgorithm, TokenFormat

Words = Annotated[list[Annotated[str, Field(max_length=500)]], Field(max_length=MOST)]
Grant = Annotated[GrantType, Field(strict=False)]


class ClientQuery(Schema):
    """The filters of the list in the admin. Those that are left out do not filter."""

    q: str = Field("", max_length=500, description="The whole client ID, or the beginning of words of the name.")
    is_active: bool | None = None
    is_public: bool | None = None
    is_first_party: bool | None = None


class ClientOut(Schema):
    """An app as the list shows it."""

    id: UUID
    client_id: str
    name: str
    tenant_id: UUID | None
    is_active: bool
    is_public: bool
    is_first_party: bool
    grants: list[GrantType]
    created_at: datetime


class SecretOut(Schema):
    """When a secret is valid and was last used. Nobody can read it."""

    id: int
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    is_valid: bool


class ClientDetailOut(ClientOut):
    is_delegated: bool
    scopes: list[str]
    resources: list[str]
    redirect_uris: list[str]
    post_logout_redirect_uris: list[str]
    web_origins: list[str]
    backchannel_logout_uri: str
    token_format: TokenFormat
    refresh_policy: RefreshPolicy
    signing_algorithm: SigningAlgorithm
    service_id: UUID | None
    secrets: list[SecretOut]


class ClientIn(Input):
    """A new app. Without ``tenant_id`` it belongs to the administrator's tenant; that of a superuser to the site."""

    name: str = Field(max_length=100, examples=["Reports"])
    grants: list[Grant] = Field(max_length=len(GrantType), examples=[["authorization_code"]])
    scopes: Words = Field([], examples=[["openid", "profile"]])
    resources: Words = []
    redirect_uris: Words = Field([], examples=[["https://reports.example/callback"]])
    post_logout_redirect_uris: Words = []
    web_origins: Words = []
    backchannel_logout_uri: str = Field("", max_length=500)
    tenant_id: Key | None = None
    service_id: Key | None = Field(None, description="The service as which it acts in its own name.")
    is_public: bool = False
    is_first_party: bool = False
    token_format: TokenFormat = Field(TokenFormat.JWT, strict=False)
    refresh_policy: RefreshPolicy = Field(RefreshPolicy.WEB, strict=False)
    signing_algorithm: SigningAlgorithm = Field(SigningAlgorithm.RS256, strict=False)


class ClientChangeIn(Input):
    """What is to change of an app. Fields that are left out stay; tenant, kind and client ID never change."""

    name: str = Field("", max_length=100, examples=["Reports"])
    grants: list[Grant] = Field([], max_length=len(GrantType))
    scopes: Words = []
    resources: Words = []
    redirect_uris: Words = []
    post_logout_redirect_uris: Words = []
    web_origins: Words = []
    backchannel_logout_uri: str = Field("", max_length=500)
    service_id: Key | None = None
    is_first_party: bool = False
    is_delegated: bool = False
    token_format: TokenFormat = Field(TokenFormat.JWT, strict=False)
    refresh_policy: RefreshPolicy = Field(RefreshPolicy.WEB, strict=False)
    signing_algorithm: SigningAlgorithm = Field(SigningAlgorithm.RS256, strict=False)


class NewSecretIn(Input):
    """The former secret stays valid for a week beside the new one, unless it is to end now."""

    former_ends_now: bool = False


class NewSecretOut(Schema):
    """A secret, which is shown this once."""

    client_secret: str


class RegisteredOut(ClientDetailOut):
    """A new app with its secret, which is shown this once. A public app has none."""

    client_secret: str | None
