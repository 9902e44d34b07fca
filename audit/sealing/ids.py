"""Compact lists of ids: "1-5,7,9-12"."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

Span = tuple[int, int]


def spans_of(ids: Iterable[int]) -> Iterator[Span]:
    """Yield ascending ids as spans that include both ends."""
    span: Span | None = None
    for one in ids:
        if span and one == span[1] + 1:
            span = span[0], one
            continue
        if span:
            yield span
        span = one, one
    if span:
        yield span


@dataclass(frozen=True)
class Ids:
    """Ascending ids as spans that neither overlap nor touch."""

    spans: tuple[Span, ...]

    @classmethod
    def of(cls, ids: Iterable[int]) -> "Ids":
        return cls(tuple(spans_of(ids)))

    @classmethod
    def read(cls, text: str) -> "Ids":
        """Parse a list of ids. Raises ValueError for anything that ``str`` would not have produced."""
        spans = []
        for part in text.split(","):
            first, _, last = part.partition("-")
            spans.append((int(first), int(last or first)))
        ids = cls(tuple(spans))
        is_ascending = all(one[1] + 1 < other[0] for one, other in pairwise(spans))
        if not is_ascending or str(ids) != text:
            raise ValueError(f"not a list of ids: {text[:80]}")
        return ids

    def __str__(self) -> str:
        return ",".join(f"{first}-{last}" if last > first else str(first) for first, last in self.spans)

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self.spans)

    def __iter__(self) -> Iterator[int]:
        for first, last in self.spans:
            yield from range(first, last + 1)

    def __contains__(self, one: int) -> bool:
        place = bisect_right(self._firsts, one) - 1
        return place >= 0 and one <= self.spans[place][1]

    @cached_property
    def _firsts(self) -> list[int]:
        return [first for first, _last in self.spans]
