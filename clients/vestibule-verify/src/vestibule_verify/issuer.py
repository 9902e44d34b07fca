"""The issuer by its own metadata (OpenID Connect Discovery 1.0): where its keys are, and where to ask about tokens."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any

from vestibule_verify.errors import Unavailable
from vestibule_verify.fetching import Fetcher, check_url
from vestibule_verify.keys import VerificationKey, read_key_set

WELL_KNOWN = "/.well-known/openid-configuration"
FRESH = 3600.0  # seconds: addresses change rarely


@dataclass(frozen=True, kw_only=True)
class IssuerMetadata:
    """The endpoints that are used here. ``introspection_endpoint`` is empty if there is none."""

    jwks_uri: str
    introspection_endpoint: str


class Issuer:
    """An issuer by its identifier, which must be exactly the one in its metadata (section 4.3)."""

    def __init__(self, identifier: str, fetcher: Fetcher, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.identifier = check_url(identifier)
        self.fetcher = fetcher
        self._clock = clock
        self._lock = Lock()
        self._held: IssuerMetadata | None = None
        self._fetched_at = 0.0

    def metadata(self) -> IssuerMetadata:
        """Return the metadata, an hour old at most. Raises Unavailable."""
        with self._lock:
            if self._held is None or self._clock() - self._fetched_at >= FRESH:
                self._held = self._read(self.fetcher.get(self.identifier.rstrip("/") + WELL_KNOWN))
                self._fetched_at = self._clock()
            return self._held

    def keys(self) -> dict[str, VerificationKey]:
        """Fetch the keys. Raises Unavailable; the next try then reads the metadata again."""
        try:
            return read_key_set(self.fetcher.get(self.metadata().jwks_uri))
        except ValueError as failed:
            self._held = None
            raise Unavailable(str(failed)) from None
        except Unavailable:
            self._held = None
            raise

    def _read(self, document: dict[str, Any]) -> IssuerMetadata:
        if document.get("issuer") != self.identifier:
            raise Unavailable("the metadata is of another issuer")
        try:
            keys = check_url(str(document.get("jwks_uri", "")))
            asked = document.get("introspection_endpoint")
            return IssuerMetadata(jwks_uri=keys, introspection_endpoint=check_url(str(asked)) if asked else "")
        except ValueError as failed:
            raise Unavailable(str(failed)) from None
