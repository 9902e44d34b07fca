"""43 processes of an agent share one store of tokens for a day, and lose answers: nobody is ever logged out.

Time is simulated. The processes are events in order of time, and the rows of the auth server become older as it passes,
because the database's clock judges them. The requests are real.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from accounts.models import User
from audit.models import Entry
from authserver.models import RefreshPolicy, TokenFamily
from tests.support import leaks
from tests.support.authorized import App, later, refused
from tests.support.servers import Servers

PROCESSES = 43
DAY = 24 * 3600.0
EARLY = 30.0  # seconds before its end at which an access token is replaced
SEED = 20261129

pytestmark = pytest.mark.django_db(transaction=True)


@dataclass
class Agent:
    """The processes with their store. Each reads it, refreshes if need be, and writes what it gets: the last wins."""

    app: App
    stored: Any
    chance: Random = field(default_factory=lambda: Random(SEED))  # noqa: S311  # to be repeated, not to be secret
    loses: bool = False
    now: float = 0.0
    ends_at: float = 600.0
    requests: int = 0
    issued: dict[str, str] = field(default_factory=dict)
    _events: list[tuple[float, int, Iterator[float]]] = field(default_factory=list)
    _shifted: float = 0.0

    def live(self, *, until: float, processes: int = PROCESSES) -> None:
        self._events = [(self.now + self.chance.random() * 60, one, self._process()) for one in range(processes)]
        heapq.heapify(self._events)
        while self._events[0][0] < until:
            self.now, one, process = self._events[0]
            heapq.heapreplace(self._events, (self.now + next(process), one, process))

    def _process(self) -> Iterator[float]:
        """Work, and yield the seconds until the next step."""
        while True:
            if self.ends_at - self.now > EARLY:
                yield self.chance.uniform(1, 120)
                continue
            token = self.stored["refresh_token"]
            yield self.chance.choice((0.01, 0.1, 1, 5))  # the request is on its way
            answer = self.send(token)
            is_lost = self.loses and self.requests % 2 == 1
            yield self.chance.choice((0.01, 0.1, 1, 5))  # the answer is on its way, or waited for in vain
            if not is_lost:
                self.stored, self.ends_at = answer, max(self.ends_at, self.now + 500)

    def send(self, token: str) -> Any:
        self.let_time_pass()
        answer = self.app.refresh(token)
        assert answer.status_code == 200, (self.now, self.requests, answer.content)
        self.requests += 1
        found = answer.json()
        self.issued |= {
            f"refresh {self.requests}": found["refresh_token"], f"access {self.requests}": found["access_token"]
        }  # fmt: skip
        return found

    def let_time_pass(self, seconds: float = 0) -> None:
        self.now += seconds
        later(seconds=self.now - self._shifted)
        self._shifted = self.now


@pytest.fixture
def ada() -> User:
    return User.objects.create_user(username="ada", name="Ada")


@pytest.fixture
def agent(ada: User) -> Agent:
    app = App.registered(refresh_policy=RefreshPolicy.AGENT)
    return Agent(app=app, stored=app.tokens(ada))


@pytest.mark.promise(60, 61)
@pytest.mark.slow
def test_43_processes_share_a_store_for_a_day_and_nobody_is_logged_out(agent: Agent, servers: Servers) -> None:
    agent.loses = True
    agent.live(until=DAY)

    family = TokenFamily.objects.get()
    different = {text for name, text in agent.issued.items() if name.startswith("refresh")}
    assert agent.requests > family.generation > 100, "they raced"
    assert len(different) == family.generation, "one successor for each token"
    assert (family.revoked_at, family.repeats) == (None, agent.requests - family.generation)
    assert not Entry.objects.filter(action__in=["tokens.reused", "tokens.repeated"]).exists()
    secrets = {token: token for token in [*different, *list(agent.issued.values())[-20:]]}
    assert leaks.in_tables(servers, secrets) == set()
    assert leaks.in_redis(servers.valkey.url, secrets) == set()
    agent.send(agent.stored["refresh_token"])


@pytest.mark.promise(61)
@pytest.mark.slow
def test_one_process_that_loses_every_second_answer_is_never_logged_out(agent: Agent) -> None:
    agent.loses = True
    agent.live(until=DAY, processes=1)
    family = TokenFamily.objects.get()
    assert (agent.requests, family.repeats) == (2 * family.generation, family.generation)
    assert family.revoked_at is None


@pytest.mark.promise(60)
def test_a_thief_with_a_copy_of_the_store_is_found_at_the_first_fork(agent: Agent) -> None:
    """Nobody knows who came first: whoever is second with a token whose successor was used ends it for both."""
    agent.live(until=3600)
    stolen = agent.stored["refresh_token"]
    token = agent.send(stolen)["refresh_token"]
    for _ in range(2):
        agent.let_time_pass(601)
        token = agent.send(token)["refresh_token"]

    assert refused(agent.app.refresh(stolen)) == "invalid_grant"
    assert TokenFamily.objects.get().revoked_reason == "reused"
    assert refused(agent.app.refresh(token)) == "invalid_grant"
    (entry,) = Entry.objects.filter(action="tokens.reused")
    assert entry.details is not None
    assert (entry.details["behind"], entry.details["reason"]) == (3, "refresh_reused")
