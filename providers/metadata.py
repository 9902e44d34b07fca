"""What an issuer publishes about itself: its discovery document and its signing keys."""

import re
from collections.abc import Iterable, Mapping
from copy import copy
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from providers.cached_document import CachedDocument
from providers.refusal import RefusalReason, SignInRefused
from providers.upstream import UpstreamClient
from providers.waiting import ANY_CALLER, WaitPolicy

RSA_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512")
CURVES = {"P-256": ("ES256",), "P-384": ("ES384",), "P-521": ("ES512",)}
EDWARDS_CURVES = {"Ed25519": ("EdDSA", "Ed25519")}  # RFC 9864 gives the algorithm a name of its own
SIGNING_ALGORITHMS = frozenset(
    {*RSA_ALGORITHMS, *(name for names in (*CURVES.values(), *EDWARDS_CURVES.values()) for name in names)}
)
USUAL_ALGORITHMS = frozenset({"RS256"})  # the default of OpenID Connect Core 2 and ProviderRegistration 2
LIBRARY_NAMES = {"Ed25519": "EdDSA"}  # PyJWT only knows its older name
HOST = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?\Z")  # strict, as it goes into our CSP header
LONGEST_NAMED = 255  # characters of an issuer that a refusal may quote
SMALLEST_RSA = 2048  # bits, RFC 7518 section 3.3


class ClientProof(StrEnum):
    """The client authentication methods that we support at the token endpoint (Core, section 9)."""

    POST = "client_secret_post"
    BASIC = "client_secret_basic"


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """The parts of an issuer's discovery document that we use (OpenID Connect Discovery 1.0, section 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str = ""
    end_session_endpoint: str = ""
    revocation_endpoint: str = ""
    sends_issuer: bool = False
    announces_pkce: bool = False  # with S256 (RFC 8414, section 2); some support it and do not say so
    client_proof: ClientProof = ClientProof.BASIC


@dataclass(frozen=True)
class SigningKey:
    """A public key and the algorithms it may sign with."""

    key: RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey
    algorithms: tuple[str, ...]


@dataclass(frozen=True)
class Keys:
    """An issuer's usable signing keys, by key id. Different keys may share one (RFC 7517, section 4.5)."""

    by_id: Mapping[str, tuple[SigningKey, ...]]
    without_id: tuple[SigningKey, ...]

    def fitting(self, key_id: object, algorithm: str) -> list[SigningKey]:
        """Return the distinct keys with this id that support the algorithm. Without an id, all keys are considered."""
        if key_id is None:
            named = [*(key for keys in self.by_id.values() for key in keys), *self.without_id]
        else:
            named = list(self.by_id.get(key_id, ())) if isinstance(key_id, str) else []
        found: list[SigningKey] = []
        for key in named:
            if algorithm in key.algorithms and all(key.key != other.key for other in found):
                found.append(key)
        return found

    def find(self, key_id: object, algorithm: str) -> SigningKey | None:
        """Return the one key that fits, or None: if several fit, the choice is ambiguous (Core, section 10.1)."""
        found = self.fitting(key_id, algorithm)
        return found[0] if len(found) == 1 else None


@dataclass
class Issuer:
    """A configured issuer, with a cache of what it publishes.

    ``url`` is compared exactly, including a trailing slash: in Discovery two spellings are two issuers. Only tokens
    signed with one of ``algorithms`` are accepted.
    """

    url: str
    upstream: UpstreamClient
    algorithms: frozenset[str] = USUAL_ALGORITHMS
    caller: WaitPolicy = ANY_CALLER
    setting: str = ""  # where the algorithms are configured, by default in the environment

    def __post_init__(self) -> None:
        self._metadata = CachedDocument(
            f"discovery:{self.url}", lambda: self._document(discovery_of(self.url)), self._parse_metadata
        )
        self._keys = CachedDocument(f"jwks:{self.url}", lambda: self._document(self.metadata.jwks_uri), parse_keys)
        self.setting = self.setting or f"{self.upstream.name.upper()}_SIGNING_ALGORITHMS"

    def agreed(self, algorithms: Iterable[str], *, setting: str) -> "Issuer":
        """Return this issuer, with the same cache, for other algorithms. ``setting`` says where they are."""
        issuer = copy(self)
        issuer.algorithms, issuer.setting = frozenset(algorithms), setting
        return issuer

    def asked_by(self, caller: WaitPolicy) -> "Issuer":
        """Return this issuer, with the same cache, for a caller with another policy on waiting and fetching."""
        issuer = copy(self)
        issuer.caller = caller
        return issuer

    @property
    def metadata(self) -> Metadata:
        """The discovery document. Raises SignInRefused if it cannot be fetched or is not this issuer's."""
        return self._metadata.get(self.caller)

    def peek(self) -> Metadata | None:
        """Return this process's copy of the metadata, if any, without waiting."""
        return self._metadata.peek()

    def known(self) -> Metadata | None:
        """Return the copy of this process or of another one, if any, without waiting for the issuer."""
        return self._metadata.known()

    @property
    def failed_lately(self) -> bool:
        return self._metadata.failed_lately

    @property
    def answered_at(self) -> float | None:
        """When its metadata was last fetched, in seconds since the epoch."""
        return self._metadata.fetched_at

    @property
    def has_fresh_keys(self) -> bool:
        """Whether its keys are at hand, so that verifying a token does not wait for the issuer."""
        return self._keys.is_fresh

    @property
    def keys(self) -> Keys:
        """The issuer's signing keys. Raises SignInRefused if they cannot be fetched."""
        return self._keys.get(self.caller)

    def newer_keys(self, seen: Keys) -> Keys | None:
        """Return keys other than those seen, fetching them again if the caller's policy allows it, or None."""
        return self._keys.newer_than(seen, self.caller)

    def _document(self, url: str) -> dict[str, Any]:
        answer = self.upstream.get(url)
        if answer.status != 200:
            raise SignInRefused(RefusalReason.PROVIDER_ANSWER_INVALID, f"status {answer.status} for published metadata")
        return answer.object()

    def _parse_metadata(self, document: Mapping[str, Any]) -> Metadata:
        """Parse a discovery document. Its issuer must be exactly the configured one (Discovery 1.0, section 4.3).

        Otherwise anybody's keys would be accepted.
        """
        if document.get("issuer") != self.url:
            raise SignInRefused(RefusalReason.METADATA_INVALID, self._other_issuer(document.get("issuer")))
        names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
        needed = {name: self._endpoint(document, name) for name in names}
        missing = [name for name, url in needed.items() if not url]
        if missing:
            raise SignInRefused(RefusalReason.METADATA_INVALID, f"no {', '.join(missing)}")
        return Metadata(
            issuer=self.url,
            **needed,
            userinfo_endpoint=self._endpoint(document, "userinfo_endpoint"),
            end_session_endpoint=self._endpoint(document, "end_session_endpoint"),
            revocation_endpoint=self._endpoint(document, "revocation_endpoint"),
            sends_issuer=document.get("authorization_response_iss_parameter_supported") is True,
            announces_pkce="S256" in str(document.get("code_challenge_methods_supported")),
            client_proof=_client_proof(document.get("token_endpoint_auth_methods_supported")),
        )

    def _other_issuer(self, named: object) -> str:
        """Return how the document's issuer differs, so that administrators see what to configure."""
        if not isinstance(named, str) or len(named) > LONGEST_NAMED or not is_fit(named, self.url):
            return "the document names no valid issuer"
        if named.rstrip("/") == self.url.rstrip("/"):
            return f"the document names {named}: configured and published issuer differ by a slash at the end"
        return f"the document names another issuer: {named}"

    def _endpoint(self, document: Mapping[str, Any], name: str) -> str:
        """Return an endpoint's URL, or "". Raises SignInRefused if this issuer may not have such a URL."""
        url = document.get(name)
        if url is None or url == "":
            return ""
        if not isinstance(url, str) or not is_fit(url, self.url):
            raise SignInRefused(RefusalReason.METADATA_INVALID, f"{name} is not a URL that this issuer may have")
        return url


def discovery_of(issuer: str) -> str:
    """Return the URL of an issuer's discovery document (Discovery 1.0, section 4.1)."""
    return f"{issuer.removesuffix('/')}/.well-known/openid-configuration"


def _client_proof(methods: object) -> ClientProof:
    """Return the method to use; if none are listed, ``client_secret_basic`` (Discovery 1.0, section 3).

    Raises SignInRefused if none of the listed methods is supported.
    """
    if not isinstance(methods, list):
        return ClientProof.BASIC
    for way in ClientProof:
        if way in methods:
            return way
    raise SignInRefused(
        RefusalReason.METADATA_INVALID,
        f"token_endpoint_auth_methods_supported has neither {ClientProof.BASIC} nor {ClientProof.POST}",
    )


def is_fit(url: str, issuer: str) -> bool:
    """Return whether an issuer may have this URL: https, or http if both the issuer and the URL are on loopback."""
    try:
        parts, own = urlsplit(url), urlsplit(issuer)
        is_near = _is_loopback(parts.hostname) and _is_loopback(own.hostname)
        _port = parts.port  # raises ValueError if it is not a port
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
    """Return the keys that can sign tokens. Everything else in the set is ignored (RFC 7517, section 5)."""
    listed = document.get("keys")
    if not isinstance(listed, list):
        raise SignInRefused(RefusalReason.METADATA_INVALID, "the key set has no list of keys")
    by_id: dict[str, tuple[SigningKey, ...]] = {}
    without_id: list[SigningKey] = []
    for item in listed:
        if (key := _signing_key(item)) is None:
            continue
        if isinstance(item.get("kid"), str):
            by_id[item["kid"]] = (*by_id.get(item["kid"], ()), key)
        elif "kid" not in item:
            without_id.append(key)
    return Keys(by_id, tuple(without_id))


def _signing_key(item: object) -> SigningKey | None:
    """Return a key that can verify signatures, or None for symmetric, encryption, private and weak keys."""
    if not isinstance(item, dict) or "d" in item or not _is_for_verifying(item):
        return None
    if not (algorithms := _algorithms_of(item)):
        return None
    try:
        key = PyJWK(item, LIBRARY_NAMES.get(algorithms[0], algorithms[0])).key
    except (PyJWTError, ValueError, TypeError):
        return None
    if isinstance(key, RSAPublicKey) and key.key_size < SMALLEST_RSA:
        return None
    return SigningKey(key, algorithms)


def _is_for_verifying(item: Mapping[str, Any]) -> bool:
    """Return whether ``use`` and ``key_ops``, if present, allow verification (RFC 7517, sections 4.2 and 4.3)."""
    operations = item.get("key_ops", ["verify"])
    return item.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def _algorithms_of(item: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the algorithms of a key. An RSA key without ``alg`` may use all RSA algorithms, a curve has its own."""
    kind, curve = item.get("kty"), item.get("crv")
    curve = curve if isinstance(curve, str) else ""
    if kind == "RSA":
        possible: tuple[str, ...] = RSA_ALGORITHMS
    elif kind == "EC":
        possible = CURVES.get(curve, ())
    elif kind == "OKP":
        possible = EDWARDS_CURVES.get(curve, ())
        return possible if "alg" not in item or item["alg"] in possible else ()
    else:
        return ()
    return tuple(algorithm for algorithm in possible if item.get("alg", algorithm) == algorithm)
