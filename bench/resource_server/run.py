"""One run: start all back ends, test their conditions, then measure calls in turns."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from bench.client import Order
from bench.conditions import Condition
from bench.crowd import Crowd
from bench.resource_server.back_ends import KINDS, BackEnd
from bench.resource_server.goals import AGAIN, FLOOR, JOSE, NEW, OWN
from bench.resource_server.issuer import BenchIssuer
from bench.resource_server.own_api import PAGE, OwnApi
from bench.rounds import Sample, order, percentile
from bench.table import OURS

TOKENS = 100  # that take turns
WARM_UP = 500  # calls: both workers have loaded everything
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is measured."""

    rounds: int
    operations: int
    lanes: int


@dataclass
class Outcome:
    """What the run found, by back end and figure."""

    figures: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    samples: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)
    conditions: dict[str, list[Condition]] = field(default_factory=dict)

    def add(self, target: str, figure: str, sample: Sample) -> None:
        self.samples.setdefault(target, {}).setdefault(figure, []).append(sample)
        self.figures.setdefault(target, {}).setdefault(figure, []).append(sample.cpu_ms)


def carry_out(plan: Plan, say: Say) -> Outcome:
    outcome = Outcome()
    with ExitStack() as stack:
        crowd, issuer = stack.enter_context(Crowd()), stack.enter_context(BenchIssuer())
        running: dict[str, BackEnd] = {}
        for kind in KINDS:
            say(f"starting {kind.name}")
            running[kind.name] = stack.enter_context(BackEnd(kind, issuer))
        say("starting the product")
        own = stack.enter_context(OwnApi(crowd, plan.lanes))
        tokens, of_own = [issuer.token() for _ in range(TOKENS)], [own.token() for _ in range(TOKENS)]
        for name, back_end in running.items():
            outcome.conditions[name] = conditions(back_end, issuer)
            measure(back_end, crowd, tokens, operations=WARM_UP, lanes=plan.lanes)
        outcome.conditions[OWN] = own.conditions()
        measure(own, crowd, of_own, operations=WARM_UP, lanes=plan.lanes, page=PAGE)
        for number, names in enumerate(order([*running, OWN], plan.rounds), 1):
            say(f"round {number} of {plan.rounds}: {', '.join(names)}")
            for name in names:
                if name == OWN:
                    found = measure(own, crowd, of_own, operations=plan.operations, lanes=plan.lanes, page=PAGE)
                    outcome.add(OURS, OWN, found)
                else:
                    _measure_turns(running[name], crowd, tokens, plan, outcome)
            fresh = [issuer.token() for _ in range(plan.operations)]
            for name in names:
                if name in running and running[name].kind.again == AGAIN:
                    found = measure(running[name], crowd, fresh, operations=plan.operations, lanes=plan.lanes)
                    outcome.add(name, NEW, found)
            bare = running[JOSE]
            found = measure(bare, crowd, tokens, operations=plan.operations, lanes=plan.lanes, page="/open")
            outcome.add(JOSE, FLOOR, found)
    return outcome


def _measure_turns(back_end: BackEnd, crowd: Crowd, tokens: list[str], plan: Plan, outcome: Outcome) -> None:
    kind = back_end.kind
    found = measure(back_end, crowd, tokens, operations=plan.operations, lanes=plan.lanes)
    outcome.add(kind.target or kind.name, kind.again, found)


def measure(
    back_end: BackEnd | OwnApi, crowd: Crowd, tokens: list[str], *, operations: int, lanes: int, page: str = "/me"
) -> Sample:
    """Call with these tokens in turns."""
    wanted = Order(base=back_end.url, operations=operations, lanes=lanes, page=page, tokens=tokens)
    before = back_end.cpu_ms()
    report = crowd.carry_out(wanted)
    spent = (back_end.cpu_ms() - before) / operations
    return Sample(
        operations=operations,
        cpu_ms=spent,
        cpu_parts={"web": spent},
        per_second=operations / report.seconds,
        p50_ms=1000 * percentile(report.latencies, 0.50),
        p99_ms=1000 * percentile(report.latencies, 0.99),
        provider_busy=0.0,
        client_busy=report.cpu / report.seconds,
    )


def conditions(back_end: BackEnd, issuer: BenchIssuer) -> list[Condition]:
    """Test what a back end refuses, with honest calls before and after."""
    first = back_end.status(issuer.token())
    token = issuer.token()
    wrong = {
        "no token": "",
        "a changed token": token[:-20] + "A" * 20,
        "HMAC with the public key": issuer.confused_token(),
        "another audience": issuer.token({"aud": "https://elsewhere.example/"}),
        "another issuer": issuer.token({"iss": "https://elsewhere.example"}),
        "an expired token": issuer.token({"exp": 1_000_000_000}),
        "an ID token": issuer.token(typ="JWT"),
        "an unknown critical extension": issuer.token(crit=["x"], x=1),
    }
    found = [_refuses(back_end, what, sent, 401) for what, sent in wrong.items()]
    found.append(_refuses(back_end, "a token without the scope", issuer.token({"scope": "openid"}), 403))
    is_well = first == back_end.status(issuer.token()) == 200
    return [Condition(what="honest calls succeed", holds=is_well, seen=str(first)), *found]


def _refuses(back_end: BackEnd, what: str, token: str, status: int) -> Condition:
    seen = back_end.status(token)
    return Condition(what=f"refuses {what}", holds=seen == status, seen=str(seen))
