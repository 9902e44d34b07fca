"""Whether somebody is there, asked before a browser is sent to a provider on what we remember of it (ADR 41).

What a provider publishes is remembered for longer than it runs. Without a look, a button would lead into the browser's
own error page, from which nothing leads back to where the person was going.
"""

import time
from dataclasses import dataclass, field

from providers.cached_document import RETRY_AFTER
from providers.refusal import RefusalReason, SignInRefused
from providers.upstream import UpstreamClient, one_deadline
from providers.waiting import Turns

PATIENCE = 3.0  # seconds for an answer: a browser is waiting, and whoever answers later will be slow there too
AWAY = frozenset({502, 503, 504})  # what a server in front says of one that has stopped (RFC 9110, section 15.6)


@dataclass
class ReachabilityProbe:
    """``url`` is something public of the provider's, cheap to give. Any answer is one, but for those of AWAY.

    An open connection on which it answered a moment ago is as good, and costs nothing: who stops closes theirs. Who
    closes each of theirs is asked for another one: to take it costs no call.
    """

    upstream: UpstreamClient
    url: str
    _refused: SignInRefused | None = None
    _refused_at: float = 0.0
    _turns: Turns = field(default_factory=Turns)

    def check(self) -> None:
        """Raises SignInRefused where nobody is there. It is an answer for RETRY_AFTER; few threads wait for one.

        Whoever would have to wait longer than that is sent on: nobody is turned away because others are many.
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
            self._refused = self._asked()
            if self._refused:
                self._refused_at = time.monotonic()
                raise self._refused

    def _asked(self) -> SignInRefused | None:
        """Ask, and return why nobody is to be sent there."""
        try:
            with one_deadline(PATIENCE):
                if self.upstream.still_listens():
                    return None
                status = self.upstream.get(self.url).status
        except SignInRefused as refused:
            return None if refused.reason is RefusalReason.PROVIDER_BUSY else refused
        if status in AWAY:
            return SignInRefused(
                RefusalReason.PROVIDER_ANSWER_INVALID, f"status {status} before anybody was sent there"
            )
        return None
