"""The product's own API, called with tokens of a client in its own name: it asks its database at each call."""

from contextlib import ExitStack
from typing import Self

from bench.conditions import Condition
from bench.crowd import Crowd
from bench.measuring import Measured
from bench.running import Running
from bench.tokens.agreed import MACHINE
from bench.tokens.issuer import Issuing
from bench.tokens.ours import VestibuleIssuer
from bench.wire import Connection

PAGE = "/api/v1/me"


class OwnApi:
    """A running product."""

    def __init__(self, crowd: Crowd, lanes: int) -> None:
        issuer = VestibuleIssuer()
        self._running, self._stack = Running(issuer), ExitStack()
        self._issuing = Issuing(Measured(self._running, crowd, lanes), issuer)

    def __enter__(self) -> Self:
        with ExitStack() as undone:
            undone.enter_context(self._running)
            self._running.start_web()
            self._issuing.prepare()
            self._stack = undone.pop_all()
        return self

    def __exit__(self, *_failure: object) -> None:
        self._stack.close()

    @property
    def url(self) -> str:
        return self._running.url

    def cpu_ms(self) -> float:
        """Return the CPU time so far, of its PostgreSQL and its Valkey too."""
        return sum(self._running.cpu_ms().values())

    def token(self) -> str:
        return self._issuing.machine_token()

    def status(self, token: str) -> int:
        with Connection(self.url) as site:
            return site.ask("GET", PAGE, authorization=f"Bearer {token}" if token else "").status

    def conditions(self) -> list[Condition]:
        """Test what it refuses, with honest calls before and after."""
        first, token = self.status(self.token()), self.token()
        revoked = self.token()
        self._revoke(revoked)
        wrong = {
            "no token": "",
            "a changed token": token[:-20] + "A" * 20,
            "a revoked token, at the next call": revoked,
        }
        seen = {what: self.status(sent) for what, sent in wrong.items()}
        is_well = first == self.status(token) == 200
        return [
            Condition(what="honest calls succeed", holds=is_well, seen=str(first)),
            *(Condition(what=f"refuses {what}", holds=found == 401, seen=str(found)) for what, found in seen.items()),
        ]

    def _revoke(self, token: str) -> None:
        with Connection(self.url) as site:
            site.ask(
                "POST",
                self._issuing.path("revocation_endpoint"),
                form={"token": token},
                authorization=self._issuing.clients[MACHINE].authorization,
            )
