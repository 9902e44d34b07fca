"""Requests to the API in tests, with any credentials."""

import json
from collections.abc import Mapping
from typing import Any

from django.test import Client as Browser

from accounts.models import User
from tests.support.authorized import App
from tests.support.proven import sign_in

Headers = Mapping[str, str]


def ask(path: str, headers: Headers | None = None, *, browser: Browser | None = None, method: str = "get") -> Any:
    """Send a request without a body, with the session of a browser if one is given."""
    return getattr(browser or Browser(raise_request_exception=False), method)(path, headers=dict(headers or {}))


def send(
    path: str, wanted: object, headers: Headers | None = None, *, browser: Browser | None = None, method: str = "post"
) -> Any:
    """Send a request with a body of JSON, with the session of a browser if one is given."""
    to_send = getattr(browser or Browser(raise_request_exception=False), method)
    return to_send(path, json.dumps(wanted), content_type="application/json", headers=dict(headers or {}))


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def key(text: str) -> dict[str, str]:
    return {"X-API-Key": text}


def token_of(person: User, *scopes: str, **authorized: Any) -> dict[str, str]:
    """Return the header with an access token for a person, with these scopes and ``openid``."""
    wanted = ["openid", *scopes]
    return bearer(App.registered(scopes=wanted).tokens(person, scopes=wanted, **authorized)["access_token"])


def session_of(person: User) -> Browser:
    """Return a browser in which the person is signed in."""
    browser = Browser(raise_request_exception=False)
    sign_in(browser, person)
    return browser
