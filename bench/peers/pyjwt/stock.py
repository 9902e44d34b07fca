"""The settings of both Django back ends: those of ``django-admin startproject``, without the admin and a database."""

from typing import Any

STOCK: dict[str, Any] = {
    "SECRET_KEY": "the sessions that it would sign do not exist",
    "ALLOWED_HOSTS": ["127.0.0.1"],
    "INSTALLED_APPS": ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"],
    "MIDDLEWARE": [
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.middleware.clickjacking.XFrameOptionsMiddleware",
    ],
    "USE_TZ": True,
}
