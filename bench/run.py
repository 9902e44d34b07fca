"""One run: start all targets, test their conditions, then measure everything in turns."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from bench.conditions import Condition, conditions
from bench.crowd import Crowd
from bench.goals import Goal
from bench.measuring import READINGS, Measured
from bench.provider import newcomers, people
from bench.rounds import Sample, order
from bench.running import Running
from bench.statements import Cost, cost
from bench.target import Target

MEMORY_AFTER = 200  # sign-ins
Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is measured."""

    goals: Sequence[Goal]
    rounds: int = 5
    operations: int = 200
    lanes: int = 4
    starts: int = 5
    memory_after: int = MEMORY_AFTER

    def wants(self, figure: str) -> bool:
        return any(figure in {goal.ours, goal.theirs} for goal in self.goals)


@dataclass
class Outcome:
    """What the run found, by target and figure."""

    figures: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    samples: dict[str, dict[str, list[Sample]]] = field(default_factory=dict)
    conditions: dict[str, list[Condition]] = field(default_factory=dict)
    costs: dict[str, Cost] = field(default_factory=dict)

    def add(self, target: str, figure: str, value: float) -> None:
        self.figures.setdefault(target, {}).setdefault(figure, []).append(value)

    def add_sample(self, target: str, figure: str, sample: Sample) -> None:
        self.samples.setdefault(target, {}).setdefault(figure, []).append(sample)
        self.add(target, figure, sample.cpu_ms)


@dataclass
class Run:
    """The targets of one run, ours first."""

    plan: Plan
    targets: Sequence[Target]
    say: Say
    outcome: Outcome = field(default_factory=Outcome)

    def carry_out(self) -> Outcome:
        with ExitStack() as stack:
            crowd = stack.enter_context(Crowd())
            measured = {}
            for target in self.targets:
                self.say(f"setting up {target.name}")
                running = stack.enter_context(Running(target))
                measured[target.name] = Measured(running, crowd, self.plan.lanes)
            self._start_and_fill(measured)
            for name, one in measured.items():
                self.say(f"{name}: conditions")
                self.outcome.conditions[name] = conditions(one)
                if self.plan.wants("statements"):
                    self._count(name, one)
            self._measure(measured)
        return self.outcome

    def _start_and_fill(self, measured: dict[str, Measured]) -> None:
        """Start the web processes several times in turns and measure how long it takes, then sign the people in."""
        turns = order(list(measured), self.plan.starts if self.plan.wants("start") else 1)
        for number, names in enumerate(turns, 1):
            for name in names:
                measured[name].running.stop_web()
                self.outcome.add(name, "start", measured[name].running.start_web())
            self.say(f"starts {number} of {len(turns)}")
        for name, one in measured.items():
            one.warm_up()
            if self.plan.wants("memory"):
                self._weigh(name, one)

    def _weigh(self, name: str, one: Measured) -> None:
        """Measure the memory of processes after the same number of sign-ins since their start."""
        one.running.stop_web()
        one.running.start_web()
        one.sign_ins("google", people("google"), self.plan.memory_after)
        self.outcome.add(name, "memory", one.running.web_mb())

    def _count(self, name: str, one: Measured) -> None:
        found = cost(one)
        self.outcome.costs[name] = found
        self.outcome.add(name, "statements", found.statements)
        self.outcome.add(name, "upstream calls", found.upstream_calls)

    def _measure(self, measured: dict[str, Measured]) -> None:
        for number, names in enumerate(order(list(measured), self.plan.rounds), 1):
            self.say(f"round {number} of {self.plan.rounds}: {', '.join(names)}")
            for figure in self._figures():
                for name in names:
                    self._measure_one(measured[name], figure)

    def _figures(self) -> list[str]:
        """Return the figures that are measured in rounds, each at all targets before the next."""
        known = ["sign-in google", "sign-in keycloak", "first google", "me", "me with identities", "page"]
        return [figure for figure in known if self.plan.wants(figure)]

    def _measure_one(self, one: Measured, figure: str) -> None:
        target = one.running.target
        kind, _, provider = figure.partition(" ")
        if figure in target.readings:
            sample = one.readings(target.readings[figure], READINGS * self.plan.operations)
        elif provider in target.providers:
            who = newcomers(self.plan.operations) if kind == "first" else people(provider)
            sample = one.sign_ins(provider, who, self.plan.operations)
        else:
            return
        self.outcome.add_sample(one.name, figure, sample)
