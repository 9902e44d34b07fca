"""Django's project template without unused parts, and the toolkit as in its documentation."""

import os

from psycopg.conninfo import conninfo_to_dict

from bench.peers.toolkit.access_tokens import SECONDS

SECRET_KEY = os.environ["SECRET_KEY"]
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1"]
ROOT_URLCONF = "bench.peers.toolkit.urls"
WSGI_APPLICATION = "bench.peers.toolkit.wsgi.application"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "oauth2_provider",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]

_database = conninfo_to_dict(os.environ["DATABASE_URL"])
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _database["dbname"],
        "USER": _database["user"],
        "PASSWORD": _database["password"],
        "HOST": _database["host"],
        "CONN_MAX_AGE": None,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True

OAUTH2_PROVIDER = {
    "OIDC_ENABLED": True,  # for its discovery document and its key set
    "OIDC_ISS_ENDPOINT": os.environ["ISSUER"],
    "OIDC_RSA_PRIVATE_KEY": os.environ["SIGNING_KEY"],
    "SCOPES": {"read": "Read", "offline_access": "Stay signed in"},
    "ACCESS_TOKEN_EXPIRE_SECONDS": SECONDS,
    "ACCESS_TOKEN_GENERATOR": "bench.peers.toolkit.access_tokens.signed",
    "REFRESH_TOKEN_GENERATOR": "oauthlib.oauth2.rfc6749.tokens.random_token_generator",  # or it would be signed too
    "ROTATE_REFRESH_TOKEN": True,
    "REFRESH_TOKEN_REUSE_PROTECTION": True,
    "REFRESH_TOKEN_EXPIRE_SECONDS": 30 * 24 * 3600,
}
