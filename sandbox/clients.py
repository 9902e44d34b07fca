"""Authenticate clients at the token endpoint."""

import hmac
from collections.abc import Collection

from sandbox.config import Client
from sandbox.wire import Request

BASIC, POST = "client_secret_basic", "client_secret_post"


def client_proves_itself(request: Request, client: Client, taken: Collection[str] = (BASIC, POST)) -> bool:
    """Check the secret, sent by Basic or in the form, never both (RFC 6749, section 2.3), by an accepted method."""
    form, basic = request.form, request.basic_credentials
    if (POST if basic is None else BASIC) not in taken:
        return False
    posted = (form.get("client_id", ""), form.get("client_secret", ""))
    if basic is not None and "client_secret" in form:
        return False
    name, secret = basic or posted
    same_name = hmac.compare_digest(name.encode(), client.client_id.encode())
    return same_name and hmac.compare_digest(secret.encode(), client.secret.encode())
