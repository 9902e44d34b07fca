"""A real Keycloak on a port of loopback, with a realm that a test may change as its administrator would."""

import json
import os
import secrets
import subprocess
import time
import urllib.error
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from config.embedded import child
from config.embedded.programs import any_free_port
from tests.support.waiting import until

REALM = "vestibule"
CLIENT = "vestibule"
PASSWORD = "a password at Keycloak"
STARTS_WITHIN = 240  # seconds, on a busy machine
USUAL_TIMES = {"ssoSessionIdleTimeout": 1800, "ssoSessionMaxLifespan": 36000}  # seconds, Keycloak's defaults
CHEAP_HASHES = "hashAlgorithm(pbkdf2-sha256) and hashIterations(1)"  # nothing here is worth keeping
TOKEN_COUNTS_FOR = 30  # seconds; Keycloak says 60
HEAP = "-Xms128m -Xmx384m -XX:TieredStopAtLevel=1"  # short-lived: little to optimise for


@dataclass
class Keycloak:
    """The running server. ``secret`` is its client's, which is the product."""

    home: Path
    log: Path
    port: int = field(default_factory=any_free_port)
    secret: str = field(default_factory=secrets.token_urlsafe)
    _password: str = field(default_factory=secrets.token_urlsafe)
    _kept: tuple[float, str] = (0.0, "")  # until when a token of its administrator counts, and the token

    @property
    def issuer(self) -> str:
        return f"{self._url}/realms/{REALM}"

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> subprocess.Popen[bytes]:
        """Start it and return its process once it answers. It dies with the process that started it."""
        environment = os.environ | {
            "KC_BOOTSTRAP_ADMIN_USERNAME": "admin",
            "KC_BOOTSTRAP_ADMIN_PASSWORD": self._password,
            "JAVA_OPTS_KC_HEAP": HEAP,
        }
        command: list[str | Path] = [self.home / "bin" / "kc.sh", "start", "--optimized", "--cache=local"]
        command += ["--http-enabled=true", "--http-host=127.0.0.1", f"--http-port={self.port}"]
        command += ["--hostname-strict=false"]
        process = child.start(command, environment=environment, log=self.log)
        until(lambda: process.poll() is not None or self._answers(), seconds=STARTS_WITHIN)
        assert process.poll() is None, self.log.read_text()[-2000:]
        return process

    def make_new(self, *, public_url: str, logout_url: str) -> None:
        """Have the product as the only client of ours, and Ada as the only person, whatever a story has done to them.

        The realm stays, with its usual settings: to make one, keys and all, takes Keycloak seconds.
        """
        if self.call("GET", "", missing_is_fine=True) is None:
            self._admin("POST", "/admin/realms", {"realm": REALM})
        usual = {"enabled": True, "sslRequired": "none", "passwordPolicy": CHEAP_HASHES, **USUAL_TIMES}
        self.call("PUT", "", usual)
        for kind, found in (("users", "/users"), ("clients", f"/clients?clientId={CLIENT}")):
            for one in self.call("GET", found):
                self.call("DELETE", f"/{kind}/{one['id']}")
        self.call("POST", "/clients", self._client(public_url, logout_url))
        self.add_person("ada", "Ada", "Lovelace")

    def add_person(self, username: str, given: str, family: str) -> None:
        self.call("POST", "/users", person(username, given, family))

    def call(self, method: str, path: str, body: object = None, *, missing_is_fine: bool = False) -> Any:
        """Ask the administrators' API about the realm and return its answer; None if there is none."""
        try:
            return self._admin(method, f"/admin/realms/{REALM}{path}", body)
        except urllib.error.HTTPError as refused:
            with refused:
                if missing_is_fine and refused.code == 404:
                    return None
                raise AssertionError(f"{method} {path}: {refused.code} {refused.read()!r}") from refused

    def user_id(self, username: str = "ada") -> str:
        found: str = self.call("GET", f"/users?username={username}&exact=true")[0]["id"]
        return found

    def client(self) -> dict[str, Any]:
        """Return how the product is set up there."""
        found: dict[str, Any] = self.call("GET", f"/clients?clientId={CLIENT}")[0]
        return found

    def change_client(self, *, attributes: dict[str, str] | None = None, **changes: object) -> None:
        """Change how the product is set up there. ``attributes`` are added to those that are there."""
        client = self.client()
        merged = client["attributes"] | (attributes or {})
        self.call("PUT", f"/clients/{client['id']}", client | changes | {"attributes": merged})

    def sessions(self, username: str = "ada") -> list[str]:
        """Return the ids of a person's sessions at Keycloak: what its tokens call ``sid``."""
        return [one["id"] for one in self.call("GET", f"/users/{self.user_id(username)}/sessions")]

    def offline_sessions(self, username: str = "ada") -> list[str]:
        """Return the ids of a person's offline sessions of the product."""
        found = self.call("GET", f"/users/{self.user_id(username)}/offline-sessions/{self.client()['id']}")
        return sorted(one["id"] for one in found)

    def _client(self, public_url: str, logout_url: str) -> dict[str, Any]:
        callback = f"{public_url}/accounts/keycloak"
        return {
            "clientId": CLIENT,
            "secret": self.secret,
            "publicClient": False,
            "frontchannelLogout": False,
            "redirectUris": [f"{callback}/login/callback/"],
            "attributes": {
                "backchannel.logout.url": logout_url,
                "backchannel.logout.session.required": "true",
                "pkce.code.challenge.method": "S256",
                "post.logout.redirect.uris": f"{callback}/logout/callback/",
            },
        }

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self._url}/realms/master", timeout=5):
                return True
        except OSError:
            return False

    def _admin(self, method: str, path: str, body: object = None) -> Any:
        headers = {"Authorization": f"Bearer {self._token()}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def _token(self) -> str:
        until_when, token = self._kept
        if time.monotonic() < until_when:
            return token
        form = {"grant_type": "password", "client_id": "admin-cli", "username": "admin", "password": self._password}
        url = f"{self._url}/realms/master/protocol/openid-connect/token"
        asked_at = time.monotonic()
        with urllib.request.urlopen(url, urlencode(form).encode(), timeout=30) as answer:
            token = str(json.load(answer)["access_token"])
        self._kept = asked_at + TOKEN_COUNTS_FOR, token
        return token


def person(username: str, given: str, family: str) -> dict[str, Any]:
    """Return a person for the administrators' API: verified address, one password, nothing left to do."""
    return {
        "username": username,
        "enabled": True,
        "firstName": given,
        "lastName": family,
        "email": f"{username}@example.com",
        "emailVerified": True,
        "credentials": [{"type": "password", "value": PASSWORD}],
    }
