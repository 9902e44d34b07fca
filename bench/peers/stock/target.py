"""How the driver sets up and uses stock Django admin."""

import secrets
import sys
from collections.abc import Mapping
from typing import ClassVar

from bench.target import Ground, Target


class Stock(Target):
    name = "stock"
    described = (
        "stock Django admin over similar tables: UserAdmin's search and filters, CONN_MAX_AGE=None, gunicorn gthread "
        "(2 workers, 10 threads)"
    )
    sign_in_page = "/admin/login/"
    readings: ClassVar[Mapping[str, str]] = {}

    def environment(self, ground: Ground) -> dict[str, str]:
        return {
            "DJANGO_SETTINGS_MODULE": "bench.peers.stock.settings",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "DATABASE_URL": ground.owner_url,
        }

    def preparation(self) -> list[list[str]]:
        return [[sys.executable, "-m", "django", "migrate", "--verbosity", "0"]]

    def command(self, port: int) -> list[str]:
        workers = ["--worker-class", "gthread", "--workers", "2", "--threads", "10", "--keep-alive", "5"]
        bind = ["--bind", f"127.0.0.1:{port}", "--no-control-socket"]
        return [sys.executable, "-m", "gunicorn", *workers, *bind, "bench.peers.stock.wsgi"]
