"""One run: start all shops, then measure every write at each of them in turns."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from statistics import median

from bench.rounds import order
from bench.target import Target
from bench.trail.writer import WRITES
from bench.trail.writing import Writer
from bench.wire import Unexpected

BULK = ("bulk create", "bulk update", "bulk delete")
Say = Callable[[str], None]


def cpu_of(write: str) -> str:
    return f"{write}, CPU"


def called(target: str, like: str) -> str:
    return f"{target}'s twin" if like else target


@dataclass(frozen=True, kw_only=True)
class Plan:
    rounds: int
    times: int  # of each write in each round
    rows: int  # of a bulk write
    bulk_rounds: int
    sign_ins: int = 0
    sign_in_rounds: int = 0


@dataclass
class Outcome:
    figures: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    missed: dict[str, list[int]] = field(default_factory=dict)  # rows that each bulk write left without an entry

    def add(self, target: str, figure: str, value: float) -> None:
        self.figures.setdefault(target, {}).setdefault(figure, []).append(value)


def carry_out(
    targets: Sequence[Target], plan: Plan, say: Say, prepare: Callable[[Writer], None] = lambda _writer: None
) -> Outcome:
    """Measure all targets. ``prepare`` is called with each target before anything is measured."""
    outcome = Outcome()
    with ExitStack() as stack:
        writers = {}
        for target in targets:
            say(f"setting up {target.name}")
            writers[target.name] = stack.enter_context(Writer(target))
            prepare(writers[target.name])
        for writer in writers.values():
            for write in WRITES:
                writer.ask(write, plan.times)  # to plan statements and to read pages from disk
            writer.ask("bulk", plan.rows)
        for number, names in enumerate(order(list(writers), plan.rounds), 1):
            say(f"round {number} of {plan.rounds}: {', '.join(names)}")
            for write in WRITES:
                for name in names:
                    for like, found in writers[name].ask(write, plan.times).items():
                        outcome.add(called(name, like), write, median(found["taken"]))
                        outcome.add(called(name, like), cpu_of(write), found["cpu"])
        for number, names in enumerate(order(list(writers), plan.bulk_rounds), 1):
            say(f"{plan.rows} rows in bulk, round {number} of {plan.bulk_rounds}")
            for name in names:
                _bulk(writers[name], plan.rows, outcome)
    return outcome


def _bulk(writer: Writer, rows: int, outcome: Outcome) -> None:
    for like, found in writer.ask("bulk", rows).items():
        name = called(writer.target.name, like)
        for figure, taken in zip(BULK, found["taken"], strict=True):
            outcome.add(name, figure, taken / 1000)
        outcome.missed[name] = [rows - entries for entries in found["entries"]]
        if like and any(found["entries"]):
            raise Unexpected(f"{name}: bulk writes left {found['entries']} entries where there is no trail")
        if writer.is_exact and not like and any(outcome.missed[name]):
            raise Unexpected(f"{name}: bulk writes left {found['entries']} entries for {rows} rows each")
