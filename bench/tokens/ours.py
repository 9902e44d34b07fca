"""Vestibule as an issuer of tokens."""

import json

from bench.measuring import Measured
from bench.ours import Vestibule
from bench.provider import people
from bench.running import Running
from bench.tokens.agreed import MACHINE, OTHER, REDIRECT_URI, WEB
from bench.tokens.issuer import Client, Issuer
from bench.wire import Connection


class VestibuleIssuer(Vestibule, Issuer):
    described = "MODE=production, its own gunicorn settings (2 workers, 10 threads), the window of a refresh at 10 s"
    refresh_scope = "read offline_access"
    audience = ""  # its own API
    reuse_window = 10
    trail = "SELECT count(*) FROM audit_entry WHERE action IN ('tokens.issued', 'tokens.refreshed')"

    def clients(self, running: Running) -> dict[str, Client]:
        machine = ["--grant", "client_credentials", "--scope", "read"]
        web = ["--grant", "authorization_code", "--grant", "refresh_token", "--scope", "read"]
        web += ["--scope", "offline_access", "--redirect-uri", REDIRECT_URI, "--first-party"]
        return {
            name: _client(running.ask("manage.py", "create_client", "--name", name, *options, "--json"))
            for name, options in ((MACHINE, machine), (WEB, web), (OTHER, web))
        }

    def enter(self, measured: Measured) -> dict[str, str]:
        with Connection(measured.running.url) as site:
            return measured.enter(site, people("google")[0]).cookies


def _client(printed: str) -> Client:
    found = json.loads(printed)
    return Client(id=found["client_id"], secret=found["client_secret"])
