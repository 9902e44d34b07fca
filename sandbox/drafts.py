"""Build signed tokens by hand, so that faults can alter every part before it is signed."""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from sandbox.config import Client
from sandbox.keys import KeyRing, base64url
from sandbox.providers import Provider

Signer = Callable[[bytes], bytes]


@dataclass(frozen=True)
class Scene:
    """The input of a fault: the provider, its URLs, its keys and its client."""

    provider: Provider
    base_url: str
    issuer: str
    ring: KeyRing
    client: Client
    earlier_nonce: str = "a-nonce-from-an-earlier-sign-in"

    @property
    def leak_url(self) -> str:
        """The URL of an attacker's server. Every request to it counts as a leak."""
        return f"{self.base_url}/leak/{self.provider}"


@dataclass
class Draft:
    """A token before it is signed. If set, `instead` replaces the whole token."""

    scene: Scene
    claims: dict[str, object]
    headers: dict[str, object] = field(default_factory=dict)
    access_token: str = ""
    signer: Signer | None = None
    instead: object | None = None

    def signed(self) -> object:
        if self.instead is not None:
            return self.instead
        key = self.scene.ring.current
        headers = {"alg": "RS256", "typ": "JWT", "kid": key.kid} | self.headers
        present = {name: value for name, value in headers.items() if value is not None}
        return compact(present, self.claims, self.signer or key.sign)


def compact(headers: dict[str, object], claims: object, signer: Signer) -> str:
    """Serialize a JWS (RFC 7515, section 3.1)."""
    content = f"{_part(headers)}.{_part(claims)}"
    return f"{content}.{base64url(signer(content.encode()))}"


def hs256(secret: bytes) -> Signer:
    return partial(_hmac_sha256, secret)


def unsigned(_content: bytes) -> bytes:
    return b""


def half_hash(token: str, algorithm: str = "RS256") -> str:
    """Compute `at_hash` with the hash of the ID token's algorithm (OpenID Connect Core, section 3.1.3.6)."""
    name = "sha512" if algorithm.startswith("Ed") else f"sha{algorithm[2:]}"
    digest = hashlib.new(name, token.encode()).digest()
    return base64url(digest[: len(digest) // 2])


def _hmac_sha256(secret: bytes, content: bytes) -> bytes:
    return hmac.new(secret, content, hashlib.sha256).digest()


def _part(value: object) -> str:
    return base64url(json.dumps(value, separators=(",", ":")).encode())
