"""Access tokens, as apps get them: with the authorization code flow and PKCE for people, or in their own name."""

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from vestibule_testing.commands import Commands
from vestibule_testing.errors import PreparationFailed
from vestibule_testing.people import SECONDS, Person, text_of

CALLBACK = "https://app.example/callback"  # nobody opens it


class Apps:
    """Apps of the site, registered when they are first needed: one for each set of scopes and resource server."""

    def __init__(self, site: str, commands: Commands) -> None:
        self._site, self._commands = site, commands
        self._known: dict[tuple[str, ...], tuple[str, str]] = {}

    def tokens_for(self, person: Person, scopes: tuple[str, ...], resource: str) -> dict[str, Any]:
        """Return what the token endpoint answers after a person has signed in at an app.

        Raises PreparationFailed if Vestibule refuses.
        """
        app, verifier, state = self._app("authorization_code", scopes, resource), secrets.token_urlsafe(48), "a state"
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {"response_type": "code", "client_id": app[0], "redirect_uri": CALLBACK, "scope": " ".join(scopes)}
        asked |= {"state": state, "code_challenge": challenge, "code_challenge_method": "S256"}
        answer = person.browser.get("/oauth/authorize", params=asked | _audience(resource), follow_redirects=False)
        location = answer.headers.get("Location", "")
        code = parse_qs(urlsplit(location).query).get("code") if location.startswith(CALLBACK) else None
        if code is None:
            raise PreparationFailed(f"{person!r} gets no code: {location or text_of(answer)}")
        form = {"grant_type": "authorization_code", "code": code[0], "redirect_uri": CALLBACK}
        return self._ask(app, form | {"code_verifier": verifier})

    def own_tokens(self, scopes: tuple[str, ...], resource: str) -> dict[str, Any]:
        """Return what the token endpoint answers to an app that asks in its own name."""
        app = self._app("client_credentials", scopes, resource)
        return self._ask(app, {"grant_type": "client_credentials", "scope": " ".join(scopes)} | _audience(resource))

    def _ask(self, app: tuple[str, str], form: dict[str, str]) -> dict[str, Any]:
        answer = httpx.post(f"{self._site}/oauth/token", data=form, auth=app, timeout=SECONDS)
        if answer.status_code != httpx.codes.OK:
            raise PreparationFailed(f"The token endpoint answers {answer.status_code}: {answer.text[:1000]}")
        found: dict[str, Any] = answer.json()
        return found

    def _app(self, grant: str, scopes: tuple[str, ...], resource: str) -> tuple[str, str]:
        """Return the id and the secret of an app that may ask for this."""
        wanted = (grant, resource, *sorted(scopes))
        if wanted not in self._known:
            options = ["--name", "An app of a test", "--grant", grant]
            options += [part for scope in scopes for part in ("--scope", scope)]
            options += ["--resource", resource] if resource else []
            if grant == "authorization_code":
                options += ["--redirect-uri", CALLBACK, "--grant", "refresh_token", "--first-party"]
            made = self._commands.document("create_client", *options)
            self._known[wanted] = (made["client_id"], made["client_secret"])
        return self._known[wanted]


def _audience(resource: str) -> dict[str, str]:
    return {"resource": resource} if resource else {}
