"""The run as a table for people: figures, limits and verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.goals import Goal, Limits, Verdict
from bench.rounds import noise, ratio

Figures = Mapping[str, Mapping[str, Sequence[float]]]  # target, figure: a value for each round
OURS = "vestibule"
HEAD = ("", "what", "unit", "ours", "peer", "its", "ratio", "must", "moonshot", "verdict", "noise")


@dataclass(frozen=True, kw_only=True)
class Line:
    """A goal against one peer. The limits apply to the ratio, or to our own figure if the goal is ``alone``."""

    goal: Goal
    peer: str
    ours: float | None
    theirs: float | None
    ratio: float | None
    limits: Limits | None
    noise: float

    @property
    def verdict(self) -> Verdict:
        if self.limits is None:
            return Verdict.OPEN
        return self.limits.judge(self.ours if self.goal.alone else self.ratio)

    def cells(self) -> tuple[str, ...]:
        kind = "≤ {:g}" if self.goal.alone else "≤ {:g} of it"
        limits = self.limits
        return (
            str(self.goal.number),
            self.goal.what,
            self.goal.unit,
            _figure(self.ours, self.goal.unit),
            self.peer,
            _figure(self.theirs, self.goal.unit),
            "" if self.ratio is None else f"{self.ratio:.2f}",
            kind.format(limits.must) if limits and limits.must is not None else "",
            kind.format(limits.moonshot) if limits and limits.moonshot is not None else "",
            self.verdict.value,
            f"{self.noise:.0%}",
        )


def lines(goals: Sequence[Goal], figures: Figures, peers: Sequence[str]) -> list[Line]:
    """Judge each goal against each measured peer."""
    return [_line(goal, figures, peer) for goal in goals for peer in peers or ("",)]


def text(judged: Sequence[Line]) -> str:
    """Format the lines as a Markdown table."""
    rows = [HEAD, *(line.cells() for line in judged)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    set_rows = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([set_rows[0], rule, *set_rows[1:]])


def _line(goal: Goal, figures: Figures, peer: str) -> Line:
    ours, theirs = figures.get(OURS, {}).get(goal.ours, ()), figures.get(peer, {}).get(goal.theirs, ())
    return Line(
        goal=goal,
        peer=peer,
        ours=median(ours) if ours else None,
        theirs=median(theirs) if theirs else None,
        ratio=ratio(ours, theirs),
        limits=goal.alone or goal.peers.get(peer),
        noise=max((noise(values) for values in (ours, theirs) if values), default=0.0),
    )


def _figure(value: float | None, unit: str) -> str:
    """Format counts as they are, and figures with a unit to two decimal places, or none from 100 on."""
    if value is None:
        return ""
    if not unit:
        return f"{value:g}"
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}"
