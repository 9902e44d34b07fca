"""The order of measurements in a run, and the statistics over its rounds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One target at one task in one round."""

    operations: int
    cpu_ms: float  # for one operation: the target's processes, its PostgreSQL and its Valkey
    cpu_parts: Mapping[str, float]  # the same, for each of them
    per_second: float  # operations
    p50_ms: float  # of one operation at the target
    p99_ms: float
    provider_busy: float  # share of one core that the mock provider used
    client_busy: float


def order(names: Sequence[str], rounds: int) -> list[list[str]]:
    """Return the order of targets in each round: A B, B A, A B, so that a drift of the machine affects all alike."""
    return [list(names) if number % 2 == 0 else list(reversed(names)) for number in range(rounds)]


def middle(samples: Sequence[Sample], figure: str) -> float:
    """Return the median of one figure over the samples of all rounds."""
    values: list[float] = [getattr(sample, figure) for sample in samples]
    return median(values)


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float | None:
    """Return the median of the rounds' ratios, or None if one side was not measured.

    A machine that is slow for some rounds slows down both sides, and their ratio stays the same. The medians of the
    two sides could come from different rounds.
    """
    if not (ours and theirs and all(theirs)):
        return None
    return median(mine / its for mine, its in zip(ours, theirs, strict=True))


def noise(values: Sequence[float]) -> float:
    """Return the range of the rounds, largest minus smallest, as a share of the median."""
    return (max(values) - min(values)) / median(values) if median(values) else 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least this share of the values does not exceed."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, max(0, -int(-share * len(ranked) // 1) - 1))]
