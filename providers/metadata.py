"""What an issuer publishes about itself: its discovery document and its signing keys."""

import re
from collections.abc import Mapping
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
USUAL_ALGORITHMS = frozenset({"RS256"})  # OpenID Connect Core 2 and Registration 2: unless both agree on another
LIBRARY_NAMES = {"Ed25519": "EdDSA"}  # PyJWT knows it by its older name alone
HOST = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?\Z")  # it goes into a header of ours (CSP)
LONGEST_NAMED = 255  # characters of an issuer that is named in a refusal
SMALLEST_RSA = 2048  # bits, RFC 7518 section 3.3


class ClientProof(StrEnum):
    """How a client shows at the token endpoint that it is one (Core, section 9), by the ways that we know."""

    POST = "client_secret_post"
    BASIC = "client_secret_basic"


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
    client_proof: ClientProof = ClientProof.BASIC


@dataclass(frozen=True)
class SigningKey:
    """A public key and the algorithms that it may have signed with."""

    key: RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey
    algorithms: tuple[str, ...]


@dataclass(frozen=True)
class Keys:
    """An issuer's usable signing keys, by key id. Different keys may share one (RFC 7517, section 4.5)."""

    by_id: Mapping[str, tuple[SigningKey, ...]]
    without_id: tuple[SigningKey, ...]

    def fitting(self, key_id: object, algorithm: str) -> list[SigningKey]:
        """Return the different keys of that id, or of any where the token names none, that sign by an algorithm."""
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
        """Return the one key that fits; where several do, nobody can say which is meant (Core, section 10.1)."""
        found = self.fitting(key_id, algorithm)
        return found[0] if len(found) == 1 else None


@dataclass
class Issuer:
    """An issuer as it is configured, and what it publishes, remembered.

    ``url`` is compared as it stands, a slash at its end included: to Discovery two spellings are two issuers.
    Tokens are taken in the agreed ``algorithms`` only.
    """

    url: str
    upstream: UpstreamClient
    algorithms: frozenset[str] = USUAL_ALGORITHMS
    caller: WaitPolicy = ANY_CALLER

    def __post_init__(self) -> None:
        self._metadata = CachedDocument(
            f"discovery:{self.url}", lambda: self._document(discovery_of(self.url)), self._parse_metadata
        )
        self._keys = CachedDocument(f"jwks:{self.url}", lambda: self._document(self.metadata.jwks_uri), parse_keys)

    def asked_by(self, caller: WaitPolicy) -> "Issuer":
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
            raise SignInRefused(RefusalReason.PROVIDER_ANSWER_INVALID, f"status {answer.status} for published metadata")
        return answer.object()

    def _parse_metadata(self, document: Mapping[str, Any]) -> Metadata:
        """The issuer must be exactly the configured one (Discovery 1.0, section 4.3): else anybody's keys would do."""
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
            client_proof=_client_proof(document.get("token_endpoint_auth_methods_supported")),
        )

    def _other_issuer(self, named: object) -> str:
        """Say how a document's issuer differs, so that administrators see what to configure."""
        if not isinstance(named, str) or len(named) > LONGEST_NAMED or not _is_fit(named, self.url):
            return "the document names no issuer that could be one"
        if named.rstrip("/") == self.url.rstrip("/"):
            return f"the document names {named}: configured and published issuer differ by a slash at the end"
        return f"the document names another issuer: {named}"

    def _endpoint(self, document: Mapping[str, Any], name: str) -> str:
        """Return an endpoint's URL. Raises SignInRefused when it is none that this issuer may have."""
        url = document.get(name)
        if url is None or url == "":
            return ""
        if not isinstance(url, str) or not _is_fit(url, self.url):
            raise SignInRefused(RefusalReason.METADATA_INVALID, f"{name} is not an address that this issuer may have")
        return url


def discovery_of(issuer: str) -> str:
    """Discovery 1.0, section 4.1."""
    return f"{issuer.removesuffix('/')}/.well-known/openid-configuration"


def _client_proof(methods: object) -> ClientProof:
    """Discovery 1.0, section 3: who lists nothing means ``client_secret_basic``. Raises SignInRefused for neither."""
    if not isinstance(methods, list):
        return ClientProof.BASIC
    for way in ClientProof:
        if way in methods:
            return way
    raise SignInRefused(
        RefusalReason.METADATA_INVALID,
        f"token_endpoint_auth_methods_supported has neither {ClientProof.BASIC} nor {ClientProof.POST}",
    )


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
        raise SignInRefused(RefusalReason.METADATA_INVALID, "the key set has no list of keys")
    by_id: dict[str, tuple[SigningKey, ...]] = {}
    without_id: list[SigningKey] = []
    for item in listed:
        key = _signing_key(item)
        if key is None:
            continue
        if isinstance(item.get("kid"), str):
            by_id[item["kid"]] = (*by_id.get(item["kid"], ()), key)
        elif "kid" not in item:
            without_id.append(key)
    return Keys(by_id, tuple(without_id))


def _signing_key(item: object) -> SigningKey | None:
    """Symmetric keys, encryption keys, private and weak ones are not keys that others verify with."""
    if not isinstance(item, dict) or "d" in item or not _is_for_verifying(item):
        return None
    algorithms = _algorithms_of(item)
    if not algorithms:
        return None
    try:
        key = PyJWK(item, LIBRARY_NAMES.get(algorithms[0], algorithms[0])).key
    except (PyJWTError, ValueError, TypeError):
        return None
    if isinstance(key, RSAPublicKey) and key.key_size < SMALLEST_RSA:
        return None
    return SigningKey(key, algorithms)


def _is_for_verifying(item: Mapping[str, Any]) -> bool:
    """RFC 7517, sections 4.2 and 4.3: what a key is for, where it says so."""
    operations = item.get("key_ops", ["verify"])
    return item.get("use", "sig") == "sig" and isinstance(operations, list) and "verify" in operations


def _algorithms_of(item: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what a key may sign with: an RSA key that names nothing its whole family, a curve its own algorithm."""
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
