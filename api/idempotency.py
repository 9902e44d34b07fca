"""Idempotency keys: a creation that is sent again is answered again, and not done again.

    @router.post("/tenants/{tenant_id}/invitations", response={201: InvitationOut}, auth=…)
    @idempotent(reach=lambda _request, created, tenant_id, **_: _find(tenant_id, created["id"]))
    def invite(request, tenant_id, wanted): ...

A client that got no response sends the request again with the same key (draft-ietf-httpapi-idempotency-key-header-07).
What it means, where it is stored and for how long: ADR 64.
"""

import hashlib
import json
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja.decorators import decorate_view
from ninja.params.functions import Header
from ninja.utils import contribute_operation_args

from api.callers import caller_of
from api.models import PURPOSE, IdempotentRequest
from api.problems import CONFLICT, KEY_IN_USE, KEY_REUSED, ApiError
from foundation import lifetimes
from foundation.encryption import DecryptionFailed, decrypt, encrypt, fingerprints
from foundation.locks import try_until_commit

View = TypeVar("View", bound=Callable[..., Any])
Reach = Callable[..., object]

KEY = r"[A-Za-z0-9._~:/+=-]{1,128}"
HEADER = Header(
    None,
    alias="Idempotency-Key",
    pattern=f'^(?:{KEY}|"{KEY}")$',
    description=(
        "Any value that the client has not used before, such as a UUID. With the same key the same request is done"
        " once, and is answered with the same response for a day. The quotation marks of the standard may be left out."
    ),
)


class _KeyedRequest(HttpRequest):
    """A request whose response will be stored: a type for ``cast``, not the class of any request."""

    idempotent: IdempotentRequest


def idempotent(*, reach: Reach) -> Callable[[View], View]:
    """Let callers send the header Idempotency-Key to an operation that creates something.

    The operation needs a guard, which opens the transaction. Before a response is repeated, ``reach`` is called with
    the request, with ``created``, the stored body, and with the operation's arguments. It raises Http404 or ApiError if
    the caller could not do or see this any more. The errors are 409 while the first request is being handled, and 422
    if it had another body.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def handle(request: HttpRequest, *, idempotency_key: str | None, **values: Any) -> Any:
            stored = _stored(request, idempotency_key.strip('"')) if idempotency_key else None
            if stored is None:
                return view(request, **values)
            reach(request, created=json.loads(stored.content), **values)
            return stored

        contribute_operation_args(handle, "idempotency_key", str | None, HEADER)  # type: ignore[arg-type]  # any annotation
        return cast("View", decorate_view(_storing)(handle))

    return decorate


def _stored(request: HttpRequest, key: str) -> HttpResponse | None:
    """Return the stored response. For a new key return None, and let the response to this request be stored."""
    digest = _digest(request, key)
    if not try_until_commit(f"idempotent_request {digest}"):
        raise ApiError(KEY_IN_USE, f"{KEY_IN_USE.title}.", headers={"Retry-After": "1"})
    bodies = fingerprints(hashlib.sha256(request.body).hexdigest(), owner=digest, purpose=PURPOSE)
    first = IdempotentRequest.objects.filter(pk=digest, expires_at__gt=timezone.now()).first()
    if first is None:
        cast("_KeyedRequest", request).idempotent = IdempotentRequest(digest=digest, fingerprint=bodies[0])
        return None
    if first.fingerprint not in bodies:
        raise ApiError(KEY_REUSED, f"{KEY_REUSED.title}.")
    try:
        content = decrypt(first.content, owner=digest, purpose=PURPOSE)
    except DecryptionFailed:
        raise ApiError(CONFLICT, "The request was done, and its response can no longer be read.") from None
    return HttpResponse(content, status=first.status, content_type="application/json; charset=utf-8")


def _storing(run: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Store the response to a new key in the transaction of the request. A problem is not stored: it undoes all."""

    @wraps(run)
    def handle(request: HttpRequest, **values: Any) -> HttpResponse:
        response = run(request, **values)
        kept: IdempotentRequest | None = getattr(request, "idempotent", None)
        if kept is not None and response.status_code < 300:
            kept.status = response.status_code
            kept.content = encrypt(response.content.decode(), owner=kept.digest, purpose=PURPOSE)
            kept.expires_at = timezone.now() + lifetimes.IDEMPOTENCY_KEY
            kept.save()  # over an expired row, if there is one
        return response

    return handle


def _digest(request: HttpRequest, key: str) -> str:
    """Return the digest of who asks for what with which key. Another credential of the same program is the same."""
    caller = caller_of(request)
    named = [caller.kind, str(caller.id), str(caller.tenant_id), caller.program]
    text = json.dumps([*named, request.method, request.get_full_path(), key])
    return hashlib.sha256(text.encode()).hexdigest()
