"""The issuer of the benchmark: one key, its metadata over HTTP, and as many tokens as are wanted."""

import hashlib
import hmac
import json
import secrets
import threading
import time
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import RSAAlgorithm
from jwt.utils import base64url_encode

AUDIENCE, SCOPE, KID = "https://api.example/", "reports:read", "bench"
SECONDS = 600


class BenchIssuer:
    """Serves its documents on loopback as long as it is entered. What it uses of the CPU is not counted."""

    def __init__(self) -> None:
        self.key = generate_private_key(public_exponent=65537, key_size=2048)
        public: dict[str, Any] = json.loads(RSAAlgorithm.to_jwk(self.key.public_key()))
        self.jwk = {**public, "kid": KID, "use": "sig", "alg": "RS256"}
        documents = self._documents

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps(documents().get(self.path, {})).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Write nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_failure: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def claims(self) -> dict[str, Any]:
        """Return the claims of a new token, as large as those of a person in one organization."""
        now, tenant = int(time.time()), "5d3f2f5e-0000-4c1e-9a51-6f5f3f3a1c22"
        about = {"role": "user", "tenant_id": tenant, "organization_ids": [tenant], "org_role": "member"}
        signed_in = {"auth_time": now, "acr": "single", "amr": ["pwd"], "sid": secrets.token_urlsafe(16)}
        return {
            **about,
            **signed_in,
            "iss": self.url,
            "sub": "0b3f2f5e-7d6d-4c1e-9a51-6f5f3f3a1c22",
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + SECONDS,
            "jti": secrets.token_urlsafe(16),
            "client_id": "0b3f2f5e-7d6d-8c1e-9a51-6f5f3f3a1c22",
            "scope": f"openid {SCOPE}",
        }

    def token(self, changed: Mapping[str, Any] | None = None, **header: Any) -> str:
        """Return a token that is signed with the key, with other claims or another header."""
        return jwt.encode(
            {**self.claims(), **(changed or {})},
            self.key,
            algorithm="RS256",
            headers={"typ": "at+jwt", "kid": KID, **header},
        )

    def confused_token(self) -> str:
        """Return a token whose signature is made with HMAC, and the public key as the secret."""
        pem = self.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        header = json.dumps({"alg": "HS256", "typ": "at+jwt", "kid": KID}).encode()
        signed = b".".join(base64url_encode(part) for part in (header, json.dumps(self.claims()).encode()))
        return f"{signed.decode()}.{base64url_encode(hmac.digest(pem, signed, hashlib.sha256)).decode()}"

    def _documents(self) -> dict[str, Any]:
        metadata = {"issuer": self.url, "jwks_uri": f"{self.url}/jwks"}
        return {"/.well-known/openid-configuration": metadata, "/jwks": {"keys": [self.jwk]}}
