"""How people sign in: the providers, and the library that opens sessions."""

from datetime import timedelta
from typing import Any

from pydantic import SecretStr

from config import second_factors
from config.environment import Environment
from config.settings.env import ENV


def _provider_settings(provider: str) -> dict[str, Any]:
    """Collect the variables of a provider: GOOGLE_CLIENT_ID becomes client_id, and so on."""
    found: dict[str, Any] = {}
    for name in Environment.model_fields:
        if name.startswith(f"{provider}_"):
            value = getattr(ENV, name)
            found[name.removeprefix(f"{provider}_")] = (
                value.get_secret_value() if isinstance(value, SecretStr) else value
            )
    return found


SIGN_IN_PROVIDERS = {
    name.removesuffix("_client_id"): _provider_settings(name.removesuffix("_client_id"))
    for name in Environment.model_fields
    if name.endswith("_client_id")
}

AUTHENTICATION_BACKENDS = ["accounts.sign_in.backends.AccountBackend"]
OFFLINE_ACCESS = frozenset(ENV.offline_access)
LOCAL_ACCOUNTS = ENV.local_accounts
PKCE_MAY_BE_OPTIONAL = ENV.is_development  # for the conformance suite: authserver.authorization
REFRESH_REUSE_WINDOW = timedelta(seconds=ENV.refresh_reuse_window)
OIDC_SIGNING_KEYS = [key.get_secret_value() for key in ENV.oidc_signing_keys]
INVITATION_LIFETIME = timedelta(days=ENV.invitation_days)
SIGN_IN_BY_ADDRESS = ENV.sign_in_by_address == "on"
DNS_RESOLVERS = ENV.dns_resolvers
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "account"

ACCOUNT_ADAPTER = "providers.allauth_adapters.AccountAdapter"
ACCOUNT_EMAIL_VERIFICATION = "none"  # addresses are verified by providers, or by links of our own
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
SOCIALACCOUNT_ADAPTER = "providers.allauth_adapters.SocialAccountAdapter"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
SOCIALACCOUNT_STORE_TOKENS = False
SOCIALACCOUNT_LOGIN_ON_GET = False
ACCOUNT_RATE_LIMITS = False  # accounts.sign_in.login_throttle is the only throttle

LOCAL_PASSWORDS = ENV.local_passwords == "on"
ADMIN_NEEDS_SECOND_FACTOR = ENV.asks_administrators_for_second_factor
MFA_BY_PROVIDER = second_factors.read(ENV.mfa_by_provider)
MFA_ADAPTER = "accounts.sign_in.factors.enrolled.MFAAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_TOLERANCE = 1  # one step of 30 seconds in either direction, for differing clocks and slow typing
