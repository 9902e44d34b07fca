"""The parts of a panel of the overview: a title, numbers, a chart and a table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from django.utils.formats import number_format

from console.overview.charts import Chart, Text
from console.overview.counting import Counted, Counter

Numbers = TypeVar("Numbers")


@dataclass(frozen=True)
class Mark:
    """A word with a symbol, which the stylesheet draws by ``kind``, and the time at which it was true."""

    kind: str
    word: Text
    at: datetime | None = None


Value = Text | int | datetime | Mark | None


@dataclass(frozen=True)
class Cell:
    """A cell of a table. None stands for something that has not happened."""

    value: Value

    @property
    def is_mark(self) -> bool:
        return isinstance(self.value, Mark)

    @property
    def is_number(self) -> bool:
        return isinstance(self.value, int)

    @property
    def is_moment(self) -> bool:
        return isinstance(self.value, datetime)

    @property
    def text(self) -> Text:
        if isinstance(self.value, int):
            return number_format(self.value, force_grouping=True)
        return "-" if self.value is None else str(self.value)


@dataclass(frozen=True)
class Figure:
    """A key number of a panel, and what it counts."""

    number: int
    name: Text

    @property
    def text(self) -> str:
        return number_format(self.number, force_grouping=True)


@dataclass(frozen=True, kw_only=True)
class Table:
    """All numbers of a panel as text. The first column names the rows."""

    heads: Sequence[Text]
    rows: Sequence[Sequence[Value]]

    @property
    def columns(self) -> list[tuple[Text, bool]]:
        """Each heading, and whether its column contains numbers."""
        kinds = [Cell(value).is_number for value in self.rows[0]] if self.rows else [False] * len(self.heads)
        return list(zip(self.heads, kinds, strict=True))

    @property
    def cells(self) -> list[tuple[Cell, list[Cell]]]:
        """Each row, as the cell that names it and the other cells."""
        return [(Cell(first), [Cell(value) for value in rest]) for first, *rest in self.rows]


@dataclass(frozen=True)
class LegendKey:
    """What a tone of the chart stands for."""

    tone: str
    name: Text


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """The contents of a panel. Without a chart the table is shown expanded."""

    table: Table
    figures: Sequence[Figure] = ()
    chart: Chart | None = None
    legend: Sequence[LegendKey] = ()
    note: Text = ""


class State(StrEnum):
    SHOWN = "shown"
    EMPTY = "empty"
    PENDING = "pending"
    AWAY = "away"


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A panel on a page: its state and its contents."""

    name: str
    title: Text
    empty: Text
    state: State
    drawing: Drawing | None = None
    counted_at: datetime | None = None
    is_late: bool = False


@dataclass(frozen=True, kw_only=True)
class OverviewPanel(Generic[Numbers]):
    """One question that the overview answers.

    ``draw`` receives the numbers and the time at which they were counted, with which it decides what is late. It
    returns None if there is nothing to draw; ``empty`` then explains what will appear here and when. ``bare`` draws
    what is known without the numbers.
    """

    name: str
    title: Text
    counter: Counter[Numbers]
    draw: Callable[[Numbers, datetime], Drawing | None]
    empty: Text
    bare: Callable[[], Drawing | None] = lambda: None

    def show(self, counted: Counted[Numbers] | None) -> Shown:
        """Return the panel with its numbers, or as pending."""
        if counted is None:
            return self._shown(State.PENDING, self.bare())
        drawing = self.draw(counted.numbers, counted.at)
        state = State.SHOWN if drawing else State.EMPTY
        return self._shown(state, drawing, counted_at=counted.at, is_late=counted.is_older_than(turns=3))

    def away(self) -> Shown:
        """Return the panel without numbers, for when the cache is down."""
        return self._shown(State.AWAY, self.bare())

    def _shown(
        self, state: State, drawing: Drawing | None, *, counted_at: datetime | None = None, is_late: bool = False
    ) -> Shown:
        return Shown(
            name=self.name,
            title=self.title,
            empty=self.empty,
            state=state,
            drawing=drawing,
            counted_at=counted_at,
            is_late=is_late,
        )
