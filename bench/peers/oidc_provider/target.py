"""How the driver sets up and uses oidc-provider."""

import json
import secrets
import shutil
import subprocess
from pathlib import Path

from bench.measuring import Measured
from bench.peers.signing import new_key
from bench.running import Running
from bench.target import Ground
from bench.tokens.agreed import AUDIENCE, MACHINE, OTHER, REDIRECT_URI, WEB
from bench.tokens.issuer import Client, Issuer
from config.embedded.child import CannotStart
from config.variables import CHECKOUT

HERE = Path(__file__).parent
FILES = ("package.json", "package-lock.json", "server.js")


class OidcProvider(Issuer):
    name = "oidc-provider"
    described = (
        "oidc-provider 9.13 in Node, one process with its default adapter: it keeps tokens in memory and no database "
        "is asked, nothing outlives the process; JWT access tokens by resource indicators, rotateRefreshToken"
    )
    sign_in_page = Issuer.discovery

    def missing(self) -> str:
        absent = [program for program in ("node", "npm") if shutil.which(program) is None]
        if absent:
            return f"{' and '.join(absent)} not found on PATH"
        try:
            installed()
        except CannotStart as reason:
            return str(reason)
        return ""

    def environment(self, ground: Ground) -> dict[str, str]:
        self._clients = {
            name: Client(id=f"{name}-{secrets.token_hex(8)}", secret=secrets.token_urlsafe(32))
            for name in (MACHINE, WEB, OTHER)
        }
        clients = {name: {"id": client.id, "secret": client.secret} for name, client in self._clients.items()}
        return {
            "NODE_ENV": "production",
            "PORT": ground.public_url.rpartition(":")[2],
            "ISSUER": ground.public_url,
            "SIGNING_KEY": new_key(),
            "CLIENTS": json.dumps(clients),
            "AUDIENCE": AUDIENCE,
            "REDIRECT_URI": REDIRECT_URI,
        }

    def preparation(self) -> list[list[str]]:
        return []

    def command(self, port: int) -> list[str]:
        return ["node", str(installed() / "server.js")]  # the port is in its environment

    def clients(self, running: Running) -> dict[str, Client]:
        return self._clients

    def enter(self, measured: Measured) -> dict[str, str]:
        return {}  # the server signs everybody in


def installed() -> Path:
    """Return the folder of the server and its packages, which are installed on first use. Raises CannotStart."""
    folder = CHECKOUT / ".local" / "bench" / OidcProvider.name
    mark, lock = folder / "installed", (HERE / "package-lock.json").read_text()
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        shutil.copy(HERE / name, folder)
    if mark.exists() and mark.read_text() == lock:
        return folder
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603  # a fixed command
    if done.returncode:
        raise CannotStart(f"its packages could not be installed: {done.stderr.strip()[-500:]}")
    mark.write_text(lock)
    return folder
