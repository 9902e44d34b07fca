"""Checking that a provider answers before a browser is redirected to it (ADR 41).

The cached metadata outlives an outage of the provider. Without the check, a button would lead to the browser's own
error page, from which there is no way back to where the person was going.
"""

import time
from dataclasses import dataclass, field

from providers.cached_document import RETRY_AFTER
from providers.refusal import RefusalReason, SignInRefused
from providers.upstream import UpstreamClient, one_deadline
from providers.waiting import Turns

PATIENCE = 3.0  # seconds for an answer: a browser is waiting, and a slower provider would be slow for it too
AWAY = frozenset({502, 503, 504})  # a gateway's answers for a server that is down (RFC 9110, section 15.6)


@dataclass
class ReachabilityProbe:
    """Requests ``url``, which is public and cheap for the provider. Any status counts as an answer, except AWAY.

    A connection that is still open since an answer a moment ago is as good and costs nothing: a server that stops
    closes its connections. If the provider closes each connection after use, opening a new one suffices.
    """

    upstream: UpstreamClient
    url: str
    _refused: SignInRefused | None = None
    _refused_at: float = 0.0
    _turns: Turns = field(default_factory=Turns)

    def check(self) -> None:
        """Raise SignInRefused if the provider does not answer. This result is reused for RETRY_AFTER.

        Only a few threads wait for a check. Any other caller passes without one, because many concurrent sign-ins are
        no reason to refuse a person.
        """
        if self.upstream.has_open_connection():
            return
        with self._turns.turn(PATIENCE) as is_ours:
            if self.upstream.has_open_connection():
                return
            if self._refused and time.monotonic() - self._refused_at < RETRY_AFTER:
                raise SignInRefused(self._refused.reason, self._refused.detail)
            if not is_ours:
                return
            self._refused = self._failure()
            if self._refused:
                self._refused_at = time.monotonic()
                raise self._refused

    def _failure(self) -> SignInRefused | None:
        """Send the request, and return the refusal if the provider is down."""
        try:
            with one_deadline(PATIENCE):
                if self.upstream.still_listens():
                    return None
                status = self.upstream.get(self.url).status
        except SignInRefused as refused:
            return None if refused.reason is RefusalReason.PROVIDER_BUSY else refused
        if status in AWAY:
            return SignInRefused(
                RefusalReason.PROVIDER_ANSWER_INVALID, f"status {status} when checking whether the provider answers"
            )
        return None
