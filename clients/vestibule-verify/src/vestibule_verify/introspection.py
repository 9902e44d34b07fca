"""Asking Vestibule what a token is worth now (RFC 7662): for opaque tokens, and so that a revocation counts at once."""

import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote_plus

from vestibule_verify.bounded import Bounded
from vestibule_verify.errors import Unavailable
from vestibule_verify.issuer import Issuer

Answer = dict[str, Any]
MOST = 1024  # answers


@dataclass(frozen=True, kw_only=True)
class Introspection:
    """A client of Vestibule that is registered with this back end's resource server, and may ask about its tokens.

    ``always`` asks about JWTs too. An answer counts for ``seconds``, so that is how late a revocation can be.
    """

    client_id: str
    client_secret: str = field(repr=False)
    always: bool = False
    seconds: float = 5.0

    def __post_init__(self) -> None:
        if not self.client_id or not self.client_secret or not 0 <= self.seconds <= 60:
            raise ValueError("introspection needs a client with a secret, and remembers answers for a minute at most")

    @property
    def authorization(self) -> str:
        """The header, in which both parts are form-encoded (RFC 6749, section 2.3.1)."""
        pair = f"{quote_plus(self.client_id)}:{quote_plus(self.client_secret)}"
        return f"Basic {b64encode(pair.encode()).decode()}"


class Introspector:
    """Asks, and remembers answers for seconds. It knows tokens by their digests only."""

    def __init__(self, chosen: Introspection, issuer: Issuer, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.chosen = chosen
        self._issuer, self._clock = issuer, clock
        self._answers: Bounded[tuple[float, Answer]] = Bounded(MOST)

    def remembered(self, digest: bytes) -> Answer | None:
        """Return an answer that still counts, without asking."""
        found = self._answers.get(digest)
        return found[1] if found is not None and self._clock() < found[0] else None

    def ask(self, token: str, digest: bytes) -> Answer:
        """Return the answer about a token. Raises Unavailable: without an answer, nobody gets in."""
        if (known := self.remembered(digest)) is not None:
            return known
        endpoint = self._issuer.metadata().introspection_endpoint
        if not endpoint:
            raise Unavailable("the issuer has no introspection endpoint")
        began = self._clock()
        form = {"token": token, "token_type_hint": "access_token"}
        answer = self._issuer.fetcher.post(endpoint, form, authorization=self.chosen.authorization)
        if not isinstance(answer.get("active"), bool):
            raise Unavailable("the answer says nothing")
        self._answers.put(digest, (began + self.chosen.seconds, answer))
        return answer
