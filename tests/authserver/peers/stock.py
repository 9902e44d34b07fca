"""Stock Django sites in processes of their own, which are apps of Vestibule."""

import os
import secrets
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests

from config.embedded.programs import any_free_port
from config.variables import CHECKOUT
from tests.support.apps import app
from tests.support.waiting import until

SCOPES = ("openid", "profile", "email")
STARTING = 60.0  # seconds that a busy machine may need


@dataclass(frozen=True, kw_only=True)
class StockSite:
    """A site by its module in ``sites``, with the paths that its library gives it."""

    settings: str
    login: str
    callback: str


ALLAUTH = StockSite(
    settings="with_allauth",
    login="/accounts/oidc/vestibule/login/",
    callback="/accounts/oidc/vestibule/login/callback/",
)
MOZILLA = StockSite(settings="with_mozilla", login="/oidc/authenticate/?next=/me", callback="/oidc/callback/")


@contextmanager
def running(site: StockSite, *, issuer: str, folder: Path, **more: str) -> Iterator[str]:
    """Register a stock site at an issuer, run it, and give its URL. ``more`` goes into its environment."""
    url = f"http://127.0.0.1:{any_free_port()}"
    own = app(name="Harbour", redirect_uris=[f"{url}{site.callback}"], scopes=SCOPES, is_first_party=False)
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": f"tests.authserver.peers.sites.{site.settings}",
        "DATABASE": str(folder / "site.sqlite3"),
        "SECRET_KEY": secrets.token_urlsafe(48),
        "ISSUER": issuer,
        "CLIENT_ID": own.client.client_id,
        "CLIENT_SECRET": own.secret,
        **more,
    }
    migrate = [sys.executable, "-m", "django", "migrate", "--verbosity", "0"]
    serve = ["-m", "gunicorn", "--threads", "4", "--no-control-socket", "--bind", url.removeprefix("http://")]
    command = [sys.executable, *serve, "django.core.wsgi:get_wsgi_application()"]
    subprocess.run(migrate, cwd=CHECKOUT, env=environment, check=True)
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, cwd=CHECKOUT, env=environment, stdout=log, stderr=log) as server,
    ):
        try:
            until(lambda: _answers(url), seconds=STARTING)
            yield url
        finally:
            server.terminate()


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/me", timeout=STARTING).status_code == 200
    except requests.ConnectionError:
        return False
