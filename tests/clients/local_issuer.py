"""An issuer on this machine that fails as it is told to, with real keys and real HTTP."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from authserver.keys import pairs
from authserver.keys.pairs import KeyPair
from authserver.models import SigningAlgorithm
from tests.clients.forging import by_key, claims_for, compact
from vestibule_verify import Verifier

API = "https://harbour.example/api"
METADATA, JWKS, INTROSPECTION = "/.well-known/openid-configuration", "/jwks", "/introspect"


@dataclass
class LocalIssuer:
    """Its keys and answers, which a test changes while it runs. ``asked`` has the paths of all requests."""

    url: str = ""
    pairs: list[KeyPair] = field(default_factory=lambda: [pairs.generate(SigningAlgorithm.ES256)])
    metadata: dict[str, Any] = field(default_factory=dict)
    answers: dict[str, Any] = field(default_factory=dict)  # to introspection, by token
    status: int = 200
    body: bytes | None = None  # instead of the keys
    gate: threading.Event = field(default_factory=threading.Event)  # while it is not set, no keys are sent
    asked: list[str] = field(default_factory=list)
    authorizations: list[str] = field(default_factory=list)

    def token(self, pair: KeyPair | None = None, **changed: Any) -> str:
        """Return a token that is signed with the first key, or with another."""
        pair = pair or self.pairs[0]
        header = {"alg": pair.algorithm.value, "typ": "at+jwt", "kid": pair.kid}
        claims = claims_for(self.url, API, **changed)
        return compact(header, claims, by_key(pair.private, pair.algorithm.value))

    def verifier(self, **chosen: Any) -> Verifier:
        return Verifier(**{"issuer": self.url, "audience": API, "timeout": 5, **chosen})

    def count(self, path: str = JWKS) -> int:
        return self.asked.count(path)

    def answer(self, path: str, form: dict[str, list[str]]) -> bytes:
        if path == METADATA:
            found = {"issuer": self.url, "jwks_uri": f"{self.url}{JWKS}"}
            found |= {"introspection_endpoint": f"{self.url}{INTROSPECTION}", **self.metadata}
            return json.dumps(found).encode()
        if path == INTROSPECTION:
            return json.dumps(self.answers.get(form["token"][0], {"active": False})).encode()
        self.gate.wait(10)
        document = {"keys": [dict(pair.public_jwk) for pair in self.pairs]}
        return json.dumps(document).encode() if self.body is None else self.body


@contextmanager
def local_issuer() -> Iterator[LocalIssuer]:
    issuer = LocalIssuer()
    issuer.gate.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append(self.path)
            length = int(self.headers.get("Content-Length", "0"))
            if length:
                issuer.authorizations.append(self.headers["Authorization"])
            body = issuer.answer(self.path, parse_qs(self.rfile.read(length).decode()))
            self.send_response(issuer.status)
            if issuer.status == 302:
                self.send_header("Location", f"{issuer.url}/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: object) -> None:
            """Write nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    issuer.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield issuer
    finally:
        issuer.gate.set()
        server.shutdown()
        thread.join()
        server.server_close()
