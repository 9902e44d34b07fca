"""How the driver sets up and uses stock django-oauth-toolkit."""

import json
import secrets
import sys
from pathlib import Path

from bench.measuring import Measured
from bench.peers.packages import installed
from bench.peers.signing import new_key
from bench.running import Running
from bench.target import Ground
from bench.tokens.agreed import MACHINE, OTHER, WEB
from bench.tokens.issuer import Client, Issuer
from config.embedded.child import CannotStart

LOCK = Path(__file__).with_name("requirements.lock")


class Toolkit(Issuer):
    name = "toolkit"
    described = (
        "stock django-oauth-toolkit 3.4, unhashed client secrets, rotation with reuse protection, access tokens by a "
        "generator of ours with PyJWT (it has none that are JWTs), CONN_MAX_AGE=None, gunicorn gthread (2 workers, 10 "
        "threads)"
    )
    discovery = "/o/.well-known/openid-configuration"
    introspection = "/o/introspect/"
    sign_in_page = discovery

    def missing(self) -> str:
        try:
            installed(self.name, LOCK)
        except CannotStart as reason:
            return str(reason)
        return ""

    def environment(self, ground: Ground) -> dict[str, str]:
        return {
            "PYTHONPATH": str(installed(self.name, LOCK)),
            "DJANGO_SETTINGS_MODULE": "bench.peers.toolkit.settings",
            "SECRET_KEY": secrets.token_urlsafe(48),
            "DATABASE_URL": ground.owner_url,
            "ISSUER": f"{ground.public_url}/o",
            "SIGNING_KEY": new_key(),
        }

    def preparation(self) -> list[list[str]]:
        return [[sys.executable, "-m", "django", "migrate", "--verbosity", "0"]]

    def command(self, port: int) -> list[str]:
        workers = ["--worker-class", "gthread", "--workers", "2", "--threads", "10", "--keep-alive", "5"]
        bind = ["--bind", f"127.0.0.1:{port}", "--no-control-socket"]
        return [sys.executable, "-m", "gunicorn", *workers, *bind, "bench.peers.toolkit.wsgi"]

    def clients(self, running: Running) -> dict[str, Client]:
        found = json.loads(running.ask("-m", "bench.peers.toolkit.register", MACHINE, WEB, OTHER))
        return {name: Client(**values) for name, values in found.items()}

    def enter(self, measured: Measured) -> dict[str, str]:
        name, _, value = measured.running.ask("-m", "bench.admin.enter").partition("=")
        return {name: value}
