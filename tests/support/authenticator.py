"""The second factors of people in tests: an authenticator app (RFC 6238) and a security key (Web Authentication).

They follow the standards without the libraries under test, except that fido2 encodes the bytes of a key.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
import struct
import time
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256, CoseKey
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

from accounts.models import User
from tests.support.proven import proven

APP = "/accounts/second-factor/authenticator/"
PRESENT, VERIFIED, WITH_KEY = AuthenticatorData.FLAG.UP, AuthenticatorData.FLAG.UV, AuthenticatorData.FLAG.AT


def code(secret: str, *, steps_ago: int = 0) -> str:
    """Return the code that the app shows now, or showed some steps of 30 seconds ago."""
    step = int(time.time()) // 30 - steps_ago
    digest = hmac.digest(base64.b32decode(secret), struct.pack(">Q", step), "sha1")
    start = digest[-1] & 15
    (number,) = struct.unpack(">I", digest[start : start + 4])
    return f"{(number & 0x7FFFFFFF) % 1_000_000:06}"


def secret_on(page: bytes) -> str:
    """Read the secret off the page that shows it, as a person without a camera would."""
    found = re.search(rb'<code class="secret"[^>]*>([A-Z2-7 ]+)</code>', page)
    assert found, page
    return found[1].decode().replace(" ", "")


def recovery_codes_on(page: bytes) -> list[str]:
    return [found.decode() for found in re.findall(rb"<li><code>([a-z0-9-]+)</code></li>", page)]


def enrol_app(person: User) -> str:
    """Let a person enrol an authenticator app, and return its secret. The code that it shows now can still be used."""
    browser = proven(person)
    secret = secret_on(browser.get(APP).content)
    browser.post(APP, {"code": code(secret, steps_ago=1)})
    return secret


@dataclass
class SecurityKey:
    """A security key for one site. Its answers can be forged, as an attacker or another site would."""

    origin: str
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: Any = field(default_factory=lambda: generate_private_key(SECP256R1()))

    def make(
        self,
        options: str,
        *,
        origin: str = "",
        host: str = "",
        kind: str = "webauthn.create",
        algorithm: int | None = None,
        counter: int = 0,
    ) -> str:
        asked = json.loads(options)["publicKey"]
        cose = ES256.from_cryptography_key(self.key.public_key())  # type: ignore[no-untyped-call]  # a library partly typed
        named = CoseKey({**cose, 3: algorithm}) if algorithm else cose
        public = AttestedCredentialData.create(b"\0" * 16, self.credential_id, named)
        about = AuthenticatorData.create(_hash(host or asked["rp"]["id"]), PRESENT | WITH_KEY, counter, public)
        response = {
            "clientDataJSON": _text(self._told(asked, kind, origin)),
            "attestationObject": _text(AttestationObject.create("none", about, {})),
        }
        return self._answer(response)

    def sign(
        self,
        options: str,
        *,
        origin: str = "",
        host: str = "",
        kind: str = "webauthn.get",
        handle: bytes = b"",
        is_unlocked: bool = True,
        counter: int = 1,
    ) -> str:
        asked = json.loads(options)["publicKey"]
        flags = PRESENT | VERIFIED if is_unlocked else PRESENT
        about = AuthenticatorData.create(_hash(host or asked["rpId"]), flags, counter)
        told = self._told(asked, kind, origin)
        signature = self.key.sign(about + hashlib.sha256(told).digest(), ECDSA(SHA256()))
        response = {
            "clientDataJSON": _text(told),
            "authenticatorData": _text(about),
            "signature": _text(signature),
        }
        return self._answer(response | ({"userHandle": _text(handle)} if handle else {}))

    def _told(self, asked: dict[str, Any], kind: str, origin: str) -> bytes:
        told = {"type": kind, "challenge": asked["challenge"], "origin": origin or self.origin, "crossOrigin": False}
        return json.dumps(told).encode()

    def _answer(self, response: dict[str, str]) -> str:
        name = _text(self.credential_id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "response": response})


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
