"""The shop by itself: Django with a persistent connection and without a trail."""

import os

import django_stubs_ext
from psycopg.conninfo import conninfo_to_dict

django_stubs_ext.monkeypatch()

SECRET_KEY = os.environ["SECRET_KEY"]
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "bench.trail.shop"]

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
USE_TZ = True
COUNT_ENTRIES = "SELECT 0"
