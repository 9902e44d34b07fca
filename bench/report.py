"""The JSON and the text of a run's results."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from statistics import median
from typing import Any

from bench.conditions import Condition
from bench.rounds import Sample, middle
from bench.run import Outcome, Plan
from bench.table import OURS, lines, text
from bench.target import Target

Samples = Mapping[str, Mapping[str, Sequence[Sample]]]  # by target and figure
BUSY = 0.8  # share of one core above which the mock provider or the people may slow a target down


def as_json(outcome: Outcome, plan: Plan, begun: datetime) -> dict[str, Any]:
    return {
        "begun": begun.isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "rounds": plan.rounds,
        "operations": plan.operations,
        "lanes": plan.lanes,
        "figures": outcome.figures,
        "samples": {
            target: {figure: [asdict(sample) for sample in samples] for figure, samples in figures.items()}
            for target, figures in outcome.samples.items()
        },
        "conditions": {target: [asdict(one) for one in found] for target, found in outcome.conditions.items()},
        "costs": {target: asdict(found) for target, found in outcome.costs.items()},
    }


def as_text(outcome: Outcome, plan: Plan, targets: Sequence[Target], begun: datetime) -> str:
    peers = [target.name for target in targets if target.name != OURS]
    head = (
        f"{begun:%Y-%m-%d}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}; {plan.rounds} rounds of "
        f"{plan.operations} sign-ins, {plan.lanes} people at the same time; medians; noise is the rounds' range."
    )
    parts = [
        head,
        "" if counts(outcome) else "NO FIGURE COUNTS: a condition of a win does not hold here (below).",
        text(lines(plan.goals, outcome.figures, peers)),
        speeds(outcome.samples),
        "\n".join(condition_line(name, found) for name, found in outcome.conditions.items()),
        "\n".join(f"{target.name}: {target.described}" for target in targets),
        *warnings(outcome.samples),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def counts(outcome: Outcome) -> bool:
    """Whether our own site meets all conditions."""
    return all(one.holds for one in outcome.conditions[OURS])


def speeds(by_target: Samples) -> str:
    """Show how fast each target was at each task, and which part of it used the CPU time."""
    head = "| target | what | per second | p50 ms | p99 ms | CPU ms by part |\n|---|---|---|---|---|---|\n"
    rows = [
        f"| {target} | {figure} | {middle(samples, 'per_second'):.0f} | {middle(samples, 'p50_ms'):.1f} "
        f"| {middle(samples, 'p99_ms'):.1f} | {_parts(samples)} |"
        for target, figures in by_target.items()
        for figure, samples in figures.items()
    ]
    return head + "\n".join(rows) if rows else ""


def _parts(samples: Sequence[Sample]) -> str:
    named = [(name, median(sample.cpu_parts[name] for sample in samples)) for name in samples[0].cpu_parts]
    return ", ".join(f"{name} {value:.2f}" for name, value in named)


def condition_line(target: str, found: Sequence[Condition]) -> str:
    broken = [f"{one.what} ({one.seen})" if one.seen else one.what for one in found if not one.holds]
    if not broken:
        return f"{target}: all {len(found)} conditions of a win hold."
    return f"{target}: {len(found) - len(broken)} of {len(found)} conditions of a win hold; not: {'; '.join(broken)}."


def warnings(by_target: Samples) -> list[str]:
    """Warn where something other than the target may have been the bottleneck."""
    return [
        f"WARNING: {who} was busy for {share:.0%} of a core: {target}, {figure}"
        for target, figures in by_target.items()
        for figure, samples in figures.items()
        for who, share in _busy(samples).items()
        if share > BUSY
    ]


def _busy(samples: Sequence[Sample]) -> dict[str, float]:
    return {
        "the mock provider": median(sample.provider_busy for sample in samples),
        "the people's process": median(sample.client_busy for sample in samples),
    }
