"""Apps that use the auth server in tests: they are registered, prove who they are, and ask for tokens."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote_plus, urlencode

from django.http import HttpResponse
from django.test import Client as Browser

from authserver.clients.registration import Registration, register
from authserver.models import Client, GrantType
from tenancy import site_context

FORM = "application/x-www-form-urlencoded"
TOKEN = "/oauth/token"
Fields = Mapping[str, str | Sequence[str]]


def registered(**chosen: Any) -> tuple[Client, str]:
    """Register a client that acts in its own name, unless fields of a Registration say otherwise.

    Return it with its secret, which is empty for a public client.
    """
    wanted: dict[str, Any] = {"name": "Harbour", "grants": [GrantType.CLIENT_CREDENTIALS], **chosen}
    with site_context("a test registers an app"):
        found = register(Registration(**wanted))
    return found.client, found.secret or ""


def basic(client_id: str, secret: str) -> str:
    """Return the Authorization header in which both parts are form-encoded (RFC 6749, section 2.3.1)."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return f"Basic {base64.b64encode(pair.encode()).decode()}"


def token_request(browser: Browser, fields: Fields, auth: str | None = None, *, path: str = TOKEN) -> HttpResponse:
    """Post a form to the token endpoint, or to another. A field with several values is repeated."""
    headers = {} if auth is None else {"Authorization": auth}
    found: Any = browser.post(path, urlencode(fields, doseq=True), content_type=FORM, headers=headers)
    response: HttpResponse = found
    return response


def document(response: HttpResponse) -> dict[str, Any]:
    """Return the JSON object of a response."""
    found: dict[str, Any] = json.loads(response.content)
    return found
