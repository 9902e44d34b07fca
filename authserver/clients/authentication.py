"""Who sends a request: the client, and whether it has proven that (RFC 6749, section 2.3; RFC 9700, section 2.5).

The client is authenticated once, and everything that follows is asked of that client alone. A request that names
another client as well is refused (CVE-2026-118669).
"""

import base64
import binascii
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus
from uuid import UUID

from django.http import HttpRequest

from accounts.sign_in import rate_limits
from audit.context import Actor, ActorKind
from audit.events import record
from authserver import cors, events
from authserver.clients import secrets
from authserver.models import Client
from authserver.protocol.errors import ErrorCode, OAuthError
from authserver.protocol.parameters import Parameters, in_query
from foundation.rows import Rows, change, fetch_prepared

CLIENT = Rows(Client, "c")
IN_URL = ("client_secret", "client_assertion", "code", "refresh_token", "token")
READ = f"SELECT public.client_secrets(c.id), {CLIENT.columns} FROM public.client_find(%s) c"
FIND = f"SELECT {CLIENT.columns} FROM public.client_find(%s) c"
GET = f"SELECT {CLIENT.columns} FROM public.client_get(%s) c"
USED = "UPDATE authserver_clientsecret SET last_used_at = statement_timestamp() WHERE id = %s"


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What a request says about its client. ``secret`` is empty for a public client."""

    client_id: str
    secret: str


def find(client_id: str) -> Client | None:
    """Return the client with this ID, whoever it belongs to, in any context."""
    row = fetch_prepared(FIND, [client_id])
    return CLIENT.read(row) if row else None


def get(key: UUID) -> Client:
    """Return the client of a row that refers to it, whoever it belongs to, in any context."""
    row = fetch_prepared(GET, [key])
    assert row is not None  # noqa: S101  # a foreign key
    return CLIENT.read(row)


def authenticate(request: HttpRequest, form: Parameters) -> Client:
    """Return the client that sends the request, authenticated if it is confidential. Raises OAuthError.

    A client that was stopped is unknown. Whatever is wrong, the answer is the same, and the trail has the reason.
    """
    given = _credentials(request, form)
    row = fetch_prepared(READ, [given.client_id])
    client = CLIENT.read(row[1:]) if row else None
    if row is None or client is None:
        raise _refused(given, "unknown_client")
    if not client.is_active:
        raise _refused(given, "stopped_client", client)
    if client.is_public:
        if given.secret:
            raise _refused(given, "secret_of_public_client", client)
    else:
        _check_secret(given, client, row[0])
    cors.only_for(request, client.pk)
    return client


def _check_secret(given: Credentials, client: Client, stored: list[Any]) -> None:
    if not given.secret:
        raise _refused(given, "secret_missing", client)
    for key, digest, is_used_long_ago in stored:
        if secrets.is_right(given.secret, digest):
            if is_used_long_ago:
                change(USED, [key])
            return
    raise _refused(given, "secret_wrong", client)


def actor_of(client: Client) -> Actor:
    """Return the actor that stands in the trail for what a client does in its own name."""
    return Actor(ActorKind.SERVICE, str(client.pk))


def _credentials(request: HttpRequest, form: Parameters) -> Credentials:
    query = in_query(request)
    if any(name in query for name in IN_URL):
        raise OAuthError(ErrorCode.INVALID_REQUEST, "Secrets do not belong in the URL. Send them in the body.")
    header = request.headers.get("Authorization", "")
    in_body = Credentials(client_id=form.get("client_id"), secret=form.get("client_secret"))
    if not header:
        if not in_body.client_id:
            raise _refused(in_body, "client_missing")
        return in_body
    given = _basic(header)
    if in_body.secret:
        raise OAuthError(ErrorCode.INVALID_REQUEST, "Use one method to authenticate the client, not two.")
    if in_body.client_id and in_body.client_id != given.client_id:
        raise OAuthError(ErrorCode.INVALID_REQUEST, "The request names two different clients.")
    return given


def _basic(header: str) -> Credentials:
    """Read the header of HTTP Basic: both parts are form-encoded first (RFC 6749, section 2.3.1)."""
    scheme, _, encoded = header.partition(" ")
    nobody = Credentials(client_id="", secret="")
    if scheme.lower() != "basic":
        raise _refused(nobody, "unknown_scheme")
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        raise _refused(nobody, "malformed_header") from None
    name, separator, secret = decoded.partition(":")
    try:
        name, secret = (unquote_plus(part, errors="strict") for part in (name, secret))
    except UnicodeDecodeError:
        raise _refused(nobody, "malformed_header") from None
    if not separator or "\0" in name + secret:
        raise _refused(nobody, "malformed_header")
    return Credentials(client_id=name, secret=secret)


def _refused(given: Credentials, reason: str, client: Client | None = None) -> OAuthError:
    """Record the refusal, within the limit of what strangers can write, and return the error."""
    if rate_limits.may_leave_entry():
        record(events.CLIENT_REFUSED, object=client, reason=reason, app=client.client_id if client else "")
    return OAuthError(
        ErrorCode.INVALID_CLIENT, "The client is unknown, or its credentials are wrong.", status=401, reason=reason
    )
