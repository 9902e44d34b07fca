"""A stock site with mozilla-django-oidc, as its documentation sets it up. It renews its sessions by ``prompt=none``."""

import os

from tests.authserver.peers.sites import project
from tests.authserver.peers.sites.project import *  # noqa: F403  # settings

ISSUER = os.environ["ISSUER"]
ROOT_URLCONF = "tests.authserver.peers.sites.mozilla_urls"
INSTALLED_APPS = [*project.INSTALLED_APPS, "mozilla_django_oidc"]
MIDDLEWARE = [*project.MIDDLEWARE, "mozilla_django_oidc.middleware.SessionRefresh"]
AUTHENTICATION_BACKENDS = ["mozilla_django_oidc.auth.OIDCAuthenticationBackend"]
OIDC_RP_CLIENT_ID = os.environ["CLIENT_ID"]
OIDC_RP_CLIENT_SECRET = os.environ["CLIENT_SECRET"]
OIDC_OP_AUTHORIZATION_ENDPOINT = f"{ISSUER}/oauth/authorize"
OIDC_OP_TOKEN_ENDPOINT = f"{ISSUER}/oauth/token"
OIDC_OP_USER_ENDPOINT = f"{ISSUER}/oauth/userinfo"
OIDC_OP_JWKS_ENDPOINT = f"{ISSUER}/oauth/jwks"
OIDC_RP_SIGN_ALGO = "RS256"
OIDC_USE_PKCE = True
OIDC_RENEW_ID_TOKEN_EXPIRY_SECONDS = int(os.environ.get("RENEW_SECONDS", "900"))
