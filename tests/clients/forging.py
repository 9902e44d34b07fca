"""Signed tokens made by hand, with any header, any claims and any signature, as an attacker makes them."""

import base64
import hashlib
import hmac
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt

Sign = Callable[[bytes], bytes]


def part(content: object) -> str:
    raw = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def unpart(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def compact(header: object, claims: object, sign: Sign) -> str:
    """Return a token; header and claims may be bytes that are no JSON."""
    signed = f"{part(header)}.{part(claims)}"
    return f"{signed}.{part(sign(signed.encode()))}"


def by_key(private: Any, algorithm: str = "RS256") -> Sign:
    """Return what signs with a private key."""
    chosen = jwt.get_algorithm_by_name("EdDSA" if algorithm == "Ed25519" else algorithm)
    return lambda signed: chosen.sign(signed, private)


def by_secret(secret: bytes) -> Sign:
    """Return what signs with HMAC, also with a secret that a library would refuse."""
    return lambda signed: hmac.digest(secret, signed, hashlib.sha256)


def claims_for(issuer: str, audience: str, **changed: Any) -> dict[str, Any]:
    """Return the claims of a good access token of a program. A change to None leaves one out."""
    now = int(time.time())
    usual = {
        "iss": issuer,
        "aud": audience,
        "sub": "0b3f2f5e-7d6d-8c1e-9a51-6f5f3f3a1c22",
        "client_id": "night-job",
        "jti": "one",
        "iat": now,
        "exp": now + 600,
        "scope": "members:read",
    }
    return {name: value for name, value in {**usual, **changed}.items() if value is not None}


@contextmanager
def listening(answer: object) -> Iterator[tuple[str, list[str]]]:
    """Serve one JSON document at every path. Yield the URL, and the paths that were asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:  # the name that the server looks for
            asked.append(self.path)
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
