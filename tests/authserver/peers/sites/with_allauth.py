"""A stock site with django-allauth, as its documentation sets it up for an OpenID Connect provider."""

import os

from tests.authserver.peers.sites import project
from tests.authserver.peers.sites.project import *  # noqa: F403  # settings

ROOT_URLCONF = "tests.authserver.peers.sites.allauth_urls"
INSTALLED_APPS = [
    *project.INSTALLED_APPS,
    "allauth",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
]
MIDDLEWARE = [*project.MIDDLEWARE, "allauth.account.middleware.AccountMiddleware"]
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "vestibule",
                "name": "Vestibule",
                "client_id": os.environ["CLIENT_ID"],
                "secret": os.environ["CLIENT_SECRET"],
                "settings": {"server_url": os.environ["ISSUER"]},
            }
        ],
    }
}
