"""Hosts, sessions, cookies, security headers and passwords."""

from datetime import timedelta
from urllib.parse import urlsplit

from csp.constants import NONE, SELF

from config.keys import key_of
from config.settings.env import ENV

_public = urlsplit(ENV.base_url)
_over_tls = _public.scheme == "https"

SESSION_ENGINE = "accounts.sessions"
SESSION_IDLE = timedelta(minutes=ENV.session_idle_minutes)  # tenants may shorten all four
SESSION_LIFETIME = timedelta(hours=ENV.session_lifetime_hours)
REMEMBERED_IDLE = timedelta(days=ENV.remembered_idle_days)
REMEMBERED_LIFETIME = timedelta(days=ENV.remembered_lifetime_days)
SECRET_KEY = ENV.secret_key.get_secret_value()
SECRET_KEY_FALLBACKS = [secret.get_secret_value() for secret in ENV.secret_key_fallbacks]
AUDIT_SEALING_KEYS = [key_of(secret) for secret in ENV.audit_sealing_keys]
TOKEN_ENCRYPTION_KEYS = [key_of(secret) for secret in ENV.token_encryption_keys]
DEBUG = ENV.debug
PUBLIC_URL = ENV.base_url
SITE_NAME = ENV.site_name
TRUSTED_PROXIES = ENV.trusted_proxies
FORWARDING_HEADER = ENV.forwarding_header
CLIENT_CERTIFICATE_HEADER = ENV.client_certificate_header
CLIENT_CERTIFICATE_CA = ENV.client_certificate_ca
RATE_LIMITS_EXEMPT = ENV.rate_limits_exempt
WEBHOOKS_ALLOW_LOOPBACK = ENV.is_development  # receivers on this machine, even without TLS

_own_host = f"[{_public.hostname}]" if ":" in (_public.hostname or "") else _public.hostname or ""
ALLOWED_HOSTS = list(dict.fromkeys([_own_host, *ENV.allowed_hosts]))
if ENV.is_development:
    ALLOWED_HOSTS += ["localhost", "127.0.0.1", "[::1]"]
HOST_ALIASES = tuple(ALLOWED_HOSTS)  # people are redirected from these to PUBLIC_URL before they sign in at a provider
CSRF_TRUSTED_ORIGINS = [f"{_public.scheme}://{_public.netloc}"]  # TLS may end at a proxy

_prefix = "__Host-" if _over_tls else ""
SESSION_COOKIE_NAME = f"{_prefix}sessionid"
SESSION_COOKIE_SECURE = _over_tls
SESSION_COOKIE_SAMESITE = "Lax"  # providers send people back by a top-level GET
CSRF_FAILURE_VIEW = "config.csrf_failure.answer"
CSRF_COOKIE_NAME = f"{_prefix}csrftoken"
CSRF_COOKIE_SECURE = _over_tls
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"

SECURE_HSTS_SECONDS = 31_536_000 if _over_tls else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = False  # other hosts of the domain are not ours
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],  # Django admin has some, and passkeys need it
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

SILENCED_SYSTEM_CHECKS = [
    "security.W005",  # HSTS for sub-domains: see above
    "security.W008",  # the proxy redirects to https; orchestrators probe health by plain http
    "security.W021",  # HSTS preload needs W005
]

PASSWORD_HASHERS = ["accounts.sign_in.local.hashing.BoundedArgon2"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "accounts.sign_in.local.password_rules.NotTooLong"},  # first: only the first message is shown
    {
        "NAME": "accounts.sign_in.local.password_rules.NotLikeTheirOwn",
        "OPTIONS": {"user_attributes": ("username", "name", "email")},
    },
    {"NAME": "accounts.sign_in.local.password_rules.LongEnough", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.sign_in.local.password_rules.NothingObvious"},
]
