"""What an issuer publishes about itself: its discovery document and its signing keys."""

import re
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from providers.refusal import Reason, SignInRefused
from providers.remembered import Remembered
from providers.upstream import Upstream
from providers.waiting import SOMEBODY, Caller

RSA_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
CURVES = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}
HOST = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?\Z")  # it goes into a header of ours (CSP)
SMALLEST_RSA = 2048  # bits, RFC 7518 section 3.3


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """An issuer's discovery document (OpenID Connect Discovery 1.0, section 3), as far as we use it."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    revocation_endpoint: str = ""
    sends_issuer: bool = False
    wants_basic: bool = False


@dataclass(frozen=True)
class SigningKey:
    """A public key and the algorithms that it may have signed with."""

    key: RSAPublicKey | EllipticCurvePublicKey
    algorithms: tuple[str, ...]


@dataclass(frozen=True)
class Keys:
    """An issuer's usable signing keys, by key id."""

    by_id: Mapping[str, SigningKey]
    without_id: tuple[SigningKey, ...]

    def find(self, key_id: object, algorithm: object) -> SigningKey | None:
        """Return the key that a token names; a token that names none may use an only key."""
        if key_id is None:
            every = [*self.by_id.values(), *self.without_id]
            key = every[0] if len(every) == 1 else None
        else:
            key = self.by_id.get(key_id) if isinstance(key_id, str) else None
        return key if key and algorithm in key.algorithms else None


@dataclass
class Issuer:
    """An issuer as it is configured, and what it publishes, remembered."""

    url: str
    upstream: Upstream
    caller: Caller = SOMEBODY

    def __post_init__(self) -> None:
        discovery = f"{self.url}/.well-known/openid-configuration"
        self._metadata = Remembered(f"discovery:{self.url}", lambda: self._document(discovery), self._parse_metadata)
        self._keys = Remembered(f"jwks:{self.url}", lambda: self._document(self.metadata.jwks_uri), parse_keys)

    def asked_by(self, caller: Caller) -> "Issuer":
        """Return this very issuer, with all it remembers, for somebody who may wait less and fetch less."""
        issuer = copy(self)
        issuer.caller = caller
        return issuer

    @property
    def metadata(self) -> Metadata:
        """Raises SignInRefused when the issuer's metadata cannot be had or is not its own."""
        return self._metadata.get(self.caller)

    def peek(self) -> Metadata | None:
        """Return the metadata if it is at hand, without waiting."""
        return self._metadata.peek()

    def known(self) -> Metadata | None:
        """Return the metadata if this process or another has it, without waiting for the issuer."""
        return self._metadata.known()

    @property
    def failed_lately(self) -> bool:
        return self._metadata.failed_lately

    @property
    def answered_at(self) -> float | None:
        """When it last told us about itself, in seconds since the epoch."""
        return self._metadata.fetched_at

    @property
    def keys(self) -> Keys:
        """Raises SignInRefused when the keys cannot be had."""
        return self._keys.get(self.caller)

    def newer_keys(self, seen: Keys) -> Keys | None:
        """Return other keys than those seen, fetched again if it is time to."""
        return self._keys.newer_than(seen, self.caller)

    def _document(self, url: str) -> dict[str, Any]:
        answer = self.upstream.get(url)
        if answer.status != 200:
            raise SignInRefused(Reason.PROVIDER_UNREACHABLE, f"status {answer.status} for published metadata")
        return answer.object()

    def _parse_metadata(self, document: Mapping[str, Any]) -> Metadata:
        """The issuer must be exactly the configured one (Discovery 1.0, section 4.3): else anybody's keys would do."""
        if document.get("issuer") != self.url:
            raise SignInRefused(Reason.METADATA_INVALID, "the document names another issuer")
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        needed = {name: self._endpoint(document, name) for name in names}
        missing = [name for name, url in needed.items() if not url]
        if missing:
            raise SignInRefused(Reason.METADATA_INVALID, f"no {', '.join(missing)}")
        methods = document.get("token_endpoint_auth_methods_supported")
        return Metadata(
            issuer=self.url,
            **needed,
            userinfo_endpoint=self._endpoint(document, "userinfo_endpoint"),
            end_session_endpoint=self._endpoint(document, "end_session_endpoint"),
            revocation_endpoint=self._endpoint(document, "revocation_endpoint"),
            sends_issuer=document.get("authorization_response_iss_parameter_supported") is True,
            wants_basic=isinstance(methods, list) and "client_secret_post" not in methods,
        )

    def _endpoint(self, document: Mapping[str, Any], name: str) -> str:
        """Return an endpoint's URL. Raises SignInRefused when it is none that this issuer may have."""
        url = document.get(name)
        if url is None or url == "":
            return ""
        if not isinstance(url, str) or not _is_fit(url, self.url):
            raise SignInRefused(Reason.METADATA_INVALID, f"{name} is not an address that this issuer may have")
        return url


def _is_fit(url: str, issuer: str) -> bool:
    """An issuer on loopback, which may be plain, may name plain neighbours there; all others name https only."""
    try:
        parts, own = urlsplit(url), urlsplit(issuer)
        is_near = _is_loopback(parts.hostname) and _is_loopback(own.hostname)
        _port = parts.port  # which raises, where it is no port
    except ValueError:
        return False
    if not HOST.match(parts.netloc) or parts.fragment or not url.isascii() or not url.isprintable():
        return False
    return parts.scheme == "https" or (parts.scheme == own.scheme == "http" and is_near)


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False


def parse_keys(document: Mapping[str, Any]) -> Keys:
    """Keep the keys that can have signed a token; whatever else is in the set is ignored (RFC 7517, section 5)."""
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise SignInRefused(Reason.METADATA_INVALID, "the key set has no list of keys")
    by_id: dict[str, SigningKey] = {}
    without_id: list[SigningKey] = []
    for item in listed:
        key = _signing_key(item)
        if key is None:
            continue
        if isinstance(item.get("kid"), str):
            by_id.setdefault(item["kid"], key)
        elif "kid" not in item:
            without_id.append(key)
    return Keys(by_id, tuple(without_id))


def _signing_key(item: object) -> SigningKey | None:
    """Symmetric keys, encryption keys, private and weak ones are not keys that others verify with."""
    if not isinstance(item, dict) or "d" in item or item.get("use", "sig") != "sig":
        return None
    algorithms = _algorithms_of(item)
    if not algorithms:
        return None
    try:
        key = PyJWK(item, algorithms[0]).key
    except (PyJWTError, ValueError, TypeError):
        return None
    if isinstance(key, RSAPublicKey) and key.key_size < SMALLEST_RSA:
        return None
    return SigningKey(key, algorithms)


def _algorithms_of(item: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a key may sign with: an RSA key that names nothing its whole family, a curve its own algorithm."""
    possible: tuple[str, ...]
    if item.get("kty") == "RSA":
        possible = RSA_ALGORITHMS
    elif item.get("kty") == "EC" and (curve := item.get("crv")) in list(CURVES):  # it may be a list itself
        possible = (CURVES[curve],)
    else:
        return ()
    return tuple(algorithm for algorithm in possible if item.get("alg", algorithm) == algorithm)
