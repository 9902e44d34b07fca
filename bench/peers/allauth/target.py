"""How the driver sets up and uses bare django-allauth."""

import secrets
import sys
from collections.abc import Mapping
from typing import ClassVar

from bench.target import Ground, Target


class Allauth(Target):
    name = "allauth"
    described = (
        "bare django-allauth, OpenID Connect provider with PKCE, CONN_MAX_AGE=None, sessions in PostgreSQL, "
        "gunicorn gthread (2 workers, 10 threads), start by GET"
    )
    readings: ClassVar[Mapping[str, str]] = {"me": "/me", "me with identities": "/me/identities", "page": "/accounts/"}

    def environment(self, ground: Ground) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "bench.peers.allauth.settings",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "DATABASE_URL": ground.owner_url,
            **{name: value for name, value in ground.provider.items() if name.startswith("GOOGLE_")},
        }

    def preparation(self) -> list[list[str]]:
        return [[sys.executable, "-m", "django", "migrate", "--verbosity", "0"]]

    def command(self, port: int) -> list[str]:
        workers = ["--worker-class", "gthread", "--workers", "2", "--threads", "10", "--keep-alive", "5"]
        bind = ["--bind", f"127.0.0.1:{port}", "--no-control-socket"]
        return [sys.executable, "-m", "gunicorn", *workers, *bind, "bench.peers.allauth.wsgi"]
