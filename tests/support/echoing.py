"""A WSGI application for tests about HTTP alone: it answers with what it received of a request."""

import hashlib
import json
import threading
from collections.abc import Callable, Iterable
from typing import Any

import django
from django.conf import settings

if not settings.configured:
    django.setup()  # the server's own pages are templates of the product


def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    path = environ["PATH_INFO"]
    body = b"" if path == "/unread" else environ["wsgi.input"].read()
    if path == "/long":
        start_response("200 OK", [("Content-Type", "text/csv")])
        return (b"a,b,c,d,e,f,g\r\n" * 1000 for _ in range(400))
    if path == "/wait":
        threading.Event().wait(1)
    if path == "/broken":
        raise RuntimeError("the product failed as a whole")
    said = {
        "method": environ["REQUEST_METHOD"],
        "path": path,
        "length": len(body),
        "digest": hashlib.sha256(body).hexdigest(),
        "told_length": environ.get("CONTENT_LENGTH", ""),
        "is_chunked": "HTTP_TRANSFER_ENCODING" in environ,
    }
    answer = json.dumps(said).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(answer)))])
    return [answer]
