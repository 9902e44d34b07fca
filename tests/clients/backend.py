"""The examples, served by uvicorn in a thread, and access tokens for the back end."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import requests
import uvicorn
from django.test import Client as Browser

from accounts.models import User
from authserver.models import SigningAlgorithm
from clients.examples.fastapi_backend.main import create_app, verifier_of
from config.embedded.programs import any_free_port
from tests.support.authorized import App
from tests.support.oauth import basic, document, registered, token_request
from tests.support.waiting import until
from vestibule_verify import Verifier

API = "https://harbour.example/api"
SECONDS = 30


@dataclass(frozen=True)
class Backend:
    """A running back end."""

    url: str
    verifier: Verifier

    def get(self, path: str, token: str | None = None, **headers: str) -> requests.Response:
        given = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return requests.get(f"{self.url}{path}", headers={**given, **headers}, timeout=SECONDS)

    def status(self, token: str, path: str = "/me") -> int:
        return self.get(path, token).status_code


@contextmanager
def serving(issuer: str, **chosen: Any) -> Iterator[Backend]:
    """Serve the example for the audience API. ``chosen`` are arguments of its verifier."""
    verifier = replace(verifier_of(issuer, API), **chosen)
    port = any_free_port()
    with listening(create_app(verifier), port):
        yield Backend(f"http://127.0.0.1:{port}", verifier)


@contextmanager
def listening(app: Any, port: int) -> Iterator[None]:
    """Serve an ASGI application."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        until(lambda: server.started, seconds=SECONDS)
        yield
    finally:
        server.should_exit = True
        thread.join()


def service_token(scope: str = "members:read", *, audience: str = API, **chosen: Any) -> str:
    """Return an access token of a program that acts in its own name."""
    client, secret = registered(scopes=["members:read", "members:write"], resources=[audience], **chosen)
    form = {"grant_type": "client_credentials", "scope": scope, "resource": audience}
    token: str = document(token_request(Browser(), form, basic(client.client_id, secret)))["access_token"]
    return token


def tokens_of(person: User, algorithm: SigningAlgorithm = SigningAlgorithm.RS256, **chosen: Any) -> dict[str, str]:
    """Return all tokens that an app gets about a person who has authorized it for the back end."""
    app = App.registered(resources=[API], signing_algorithm=algorithm)
    found: dict[str, str] = app.tokens(person, resources=[API], **chosen)
    return found
