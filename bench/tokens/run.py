"""One run: start all issuers, test their conditions, count statements, then measure grants in turns."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from bench.conditions import Condition
from bench.crowd import Crowd
from bench.measuring import Measured
from bench.rounds import Sample, order
from bench.running import Running
from bench.statements import logged
from bench.tokens.conditions import conditions
from bench.tokens.goals import CLIENT_CREDENTIALS, REFRESH
from bench.tokens.issuer import Issuer, Issuing

GRANTS = 10  # of each kind, whose statements are counted
WARM_UP = 200  # grants of each kind: both workers have parsed their keys, and Node has compiled its code
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is measured."""

    rounds: int
    operations: int
    lanes: int


@dataclass
class Outcome:
    """What the run found, by target and figure, and why it left out a target."""

    figures: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    samples: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)
    conditions: dict[str, list[Condition]] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def add(self, target: str, figure: str, value: float) -> None:
        self.figures.setdefault(target, {}).setdefault(figure, []).append(value)

    def add_sample(self, target: str, figure: str, sample: Sample) -> None:
        self.samples.setdefault(target, {}).setdefault(figure, []).append(sample)
        self.add(target, figure, sample.cpu_ms)


def carry_out(plan: Plan, issuers: Sequence[Issuer], say: Say) -> Outcome:
    outcome = Outcome()
    with ExitStack() as stack:
        crowd = stack.enter_context(Crowd())
        running: dict[str, Issuing] = {}
        for issuer in issuers:
            if reason := issuer.missing():
                say(f"leaving out {issuer.name}: {reason}")
                outcome.skipped[issuer.name] = reason
                continue
            say(f"setting up {issuer.name}")
            measured = Measured(stack.enter_context(Running(issuer)), crowd, plan.lanes)
            measured.running.start_web()
            running[issuer.name] = Issuing(measured, issuer)
            running[issuer.name].prepare()
        for name, issuing in running.items():
            say(f"{name}: conditions")
            outcome.conditions[name] = conditions(issuing)
            _count(name, issuing, outcome)
        _measure(plan, running, outcome, say)
    return outcome


def _count(name: str, issuing: Issuing, outcome: Outcome) -> None:
    """Count the statements of each grant, once its keys and its caches are loaded."""
    families = [issuing.tokens()["refresh_token"] for _ in range(GRANTS)]
    issuing.machine_grants(WARM_UP)
    issuing.refreshes(WARM_UP)
    with logged(issuing.measured.running) as texts:
        for _ in range(GRANTS):
            issuing.machine_token()
    outcome.add(name, f"{CLIENT_CREDENTIALS}, statements", len(texts) / GRANTS)
    with logged(issuing.measured.running) as texts:
        for token in families:
            issuing.refresh(token)
    outcome.add(name, f"{REFRESH}, statements", len(texts) / GRANTS)


def _measure(plan: Plan, running: dict[str, Issuing], outcome: Outcome, say: Say) -> None:
    for number, names in enumerate(order(list(running), plan.rounds), 1):
        say(f"round {number} of {plan.rounds}: {', '.join(names)}")
        for name in names:
            outcome.add_sample(name, CLIENT_CREDENTIALS, running[name].machine_grants(plan.operations))
        for name in names:
            outcome.add_sample(name, REFRESH, running[name].refreshes(plan.operations))
