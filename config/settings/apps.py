"""Django's components: applications, middleware, templates, URLs."""

import django_stubs_ext

from config import languages
from config.variables import CHECKOUT

django_stubs_ext.monkeypatch()

INSTALLED_APPS = [
    "config",
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.messages",
    "config.admin_app.AdminConfig",
    "django.contrib.staticfiles",
    "allauth.account",
    "allauth.socialaccount",
    "allauth.mfa",
    "jobs",
    "accounts",
    "authserver",
    "webhooks",
    "providers",
    "console",
    "api",
    "audit",  # last: its receivers announce what those of the other apps have decided (notes in ADR 4)
]

MIDDLEWARE = [
    "config.health.answer_first",
    "config.client_certificates.client_certificate",
    "config.proxies.forwarding",
    "audit.middleware.ContextMiddleware",
    "authserver.cors.cross_origin",  # outside of all that answers programs, so that pages can read every refusal
    "config.for_programs.ForPrograms",
    "django.middleware.security.SecurityMiddleware",
    "config.middleware.no_store",
    "api.errors.everywhere",
    "config.middleware.StaticFiles",
    "config.middleware.ContentSecurityPolicy",
    "config.middleware.Language",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "config.middleware.in_words",
    "config.middleware.unavailable",
    "config.middleware.too_often",
    "config.middleware.revoked_meanwhile",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.sessions.middleware.AuthenticationMiddleware",
    "providers.revalidation.middleware.RevalidationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "accounts.organizations.middleware.TenancyMiddleware",  # last: requests refused by others open no transaction
    "config.for_programs.innermost",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATE_LOADERS = ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [CHECKOUT / "templates"],
        "OPTIONS": {
            "loaders": [("config.templates.Loader", TEMPLATE_LOADERS)],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.site.names",
                "accounts.organizations.own_organizations.menu",
            ],
        },
    }
]

MESSAGE_STORAGE = "config.messages.Storage"
AUTH_USER_MODEL = "accounts.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = languages.SOURCE
LANGUAGES = languages.offered(CHECKOUT / "locale")
LOCALE_PATHS = [CHECKOUT / "locale"]
FORMAT_MODULE_PATH = "config.formats"
TIME_ZONE = "UTC"
USE_TZ = True
