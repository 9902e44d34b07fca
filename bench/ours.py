"""Vestibule as in production, except for TLS."""

import secrets
import sys
from collections.abc import Mapping
from typing import ClassVar

from bench.target import Ground, Target


class Vestibule(Target):
    name = "vestibule"
    described = "MODE=production, its own gunicorn settings (2 workers, 10 threads), start by POST with CSRF token"
    providers = ("google", "keycloak")
    needs_valkey = True
    starts_by_post = True
    readings: ClassVar[Mapping[str, str]] = {"me": "/api/v1/me", "page": "/accounts/"}
    others_end = "/accounts/sessions/revoke-others/"
    trail = "SELECT count(*) FROM audit_entry WHERE action = 'sign_in.succeeded'"

    def environment(self, ground: Ground) -> dict[str, str]:
        return {
            "MODE": "production",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "PUBLIC_URL": ground.public_url,
            "DATABASE_URL": ground.runtime_url,
            "DATABASE_OWNER_URL": ground.owner_url,
            "REDIS_URL": ground.redis_url,
            "RATE_LIMITS_EXEMPT": "127.0.0.0/8",  # exempt, as the settings allow for load tests
            **ground.provider,
        }

    def preparation(self) -> list[list[str]]:
        return [
            [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
            [sys.executable, "manage.py", "collectstatic", "--no-input", "--verbosity", "0"],
        ]

    def command(self, port: int) -> list[str]:
        bind = f"127.0.0.1:{port}"  # production listens on all addresses
        return [sys.executable, "-m", "gunicorn", "-c", "config/gunicorn.py", "--bind", bind, "config.wsgi"]
