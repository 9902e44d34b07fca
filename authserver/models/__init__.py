"""The tables of the auth server."""

from authserver.models.authorization import AuthorizationCode, Consent
from authserver.models.client import (
    Client,
    ClientSecret,
    GrantType,
    RefreshPolicy,
    RegisteredScope,
    Resource,
    TokenFormat,
)
from authserver.models.device_code import DeviceCode
from authserver.models.logout import LogoutNotice
from authserver.models.profile_claim import ProfileClaim, ProfileValue
from authserver.models.protected_host import ProtectedHost, SiteRole
from authserver.models.service import ApiKey, CertificateIdentity, CertificateName, ServiceAccount
from authserver.models.signing_key import SigningAlgorithm, TokenSigningKey
from authserver.models.token import AccessToken, RevokedToken, TokenFamily

__all__ = [
    "AccessToken",
    "ApiKey",
    "AuthorizationCode",
    "CertificateIdentity",
    "CertificateName",
    "Client",
    "ClientSecret",
    "Consent",
    "DeviceCode",
    "GrantType",
    "LogoutNotice",
    "ProfileClaim",
    "ProfileValue",
    "ProtectedHost",
    "RefreshPolicy",
    "RegisteredScope",
    "Resource",
    "RevokedToken",
    "ServiceAccount",
    "SigningAlgorithm",
    "SiteRole",
    "TokenFamily",
    "TokenFormat",
    "TokenSigningKey",
]
