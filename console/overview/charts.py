"""The geometry of charts: widths in percent and heights in em, so that they scale with the page and its text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.utils.formats import number_format
from django.utils.functional import Promise

Text = str | Promise

# Columns
GUTTER = 9.0  # percent, at the left, for the numbers of the scale
HEAD, PLOT, FOOT = 1.25, 12.0, 1.75  # em: the topmost number, the columns, the names below
FILLED = 0.72  # the part of a column's room that it fills
STEPS = (2, 4, 6, 8, 10)  # times a power of ten: the maximum of a scale, so that its middle is a whole number too

# Bars
ROW, BASELINE, BAR_AT, BAR = 2.5, 1.0, 1.4, 0.6  # em: a row, the baseline of its text, the bar's offset and height


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a column, in one of the stylesheet's tones."""

    tone: str
    value: int


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A column. ``says`` is its tooltip, ``name`` an optional label below it."""

    says: Text
    parts: Sequence[Part]
    name: Text = ""

    @property
    def total(self) -> int:
        return sum(part.value for part in self.parts)


@dataclass(frozen=True, kw_only=True)
class Bar:
    name: Text
    value: int
    tone: str


@dataclass(frozen=True, kw_only=True)
class Block:
    """A rectangle: ``x`` and ``width`` in percent of the chart, ``y`` and ``height`` in em from its top."""

    x: float
    y: float
    width: float
    height: float
    tone: str


@dataclass(frozen=True, kw_only=True)
class Label:
    x: float
    y: float
    text: Text
    anchor: str = "start"


@dataclass(frozen=True, kw_only=True)
class Group:
    """Blocks that belong together, with a tooltip."""

    blocks: Sequence[Block]
    says: Text = ""


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A chart, with a title and a description as its text alternative."""

    title: Text
    description: Text
    height: float
    groups: Sequence[Group]
    labels: Sequence[Label] = ()
    lines: Sequence[float] = ()
    lines_from: float = field(default=GUTTER)


def columns(stacks: Sequence[Stack], *, title: Text, description: Text) -> Chart:
    """Draw stacked columns side by side, over a scale that begins at zero."""
    top = ceiling(max((stack.total for stack in stacks), default=0))
    room = (100 - GUTTER) / max(len(stacks), 1)
    scale = ((value, HEAD + PLOT * (1 - value / top)) for value in (0, top // 2, top))
    marks = [(y, Label(x=GUTTER - 1.5, y=y + 0.35, text=shortened(value), anchor="end")) for value, y in scale]
    return Chart(
        title=title,
        description=description,
        height=HEAD + PLOT + FOOT,
        groups=[_column(stack, x=GUTTER + place * room, room=room, top=top) for place, stack in enumerate(stacks)],
        labels=[*(label for _, label in marks), *_names(stacks, room)],
        lines=[y for y, _ in marks],
    )


def bars(rows: Sequence[Bar], *, title: Text, description: Text) -> Chart:
    """Draw horizontal bars, each under its name and number. The longest fills the width."""
    longest = max((row.value for row in rows), default=0)
    return Chart(
        title=title,
        description=description,
        height=ROW * len(rows),
        groups=[Group(blocks=_bar(row, y=place * ROW, longest=longest)) for place, row in enumerate(rows)],
        labels=[label for place, row in enumerate(rows) for label in _line(row, y=place * ROW + BASELINE)],
    )


def ceiling(value: int) -> int:
    """Return the maximum of a scale that includes the value: a round number whose half is round too."""
    unit = 1
    while 10 * unit < value:
        unit *= 10
    return next(step * unit for step in STEPS if step * unit >= value)


def shortened(value: int) -> str:
    """Shorten a round number for the scale: 1200 becomes "1.2k"."""
    for unit, sign in ((1_000_000_000, "G"), (1_000_000, "M"), (1000, "k")):
        if value >= unit:
            return f"{number_format(round(value / unit, 1)).removesuffix('.0')}{sign}"
    return str(value)


def _column(stack: Stack, *, x: float, room: float, top: int) -> Group:
    ground = Block(x=x, y=HEAD, width=room, height=PLOT, tone="ground")  # makes the tooltip work in all of its room
    left, width = x + room * (1 - FILLED) / 2, room * FILLED
    blocks, below = [ground], 0
    for part in stack.parts:
        if part.value:
            height = PLOT * part.value / top
            y = HEAD + PLOT - PLOT * below / top - height
            blocks.append(Block(x=left, y=y, width=width, height=height, tone=part.tone))
            below += part.value
    return Group(blocks=blocks, says=stack.says)


def _names(stacks: Sequence[Stack], room: float) -> Iterator[Label]:
    """Yield the labels of the columns. Those at the right edge are aligned to stay within the chart."""
    for place, stack in enumerate(stacks):
        if stack.name and place < len(stacks) - 2:
            middle = GUTTER + (place + 0.5) * room
            yield Label(x=middle, y=HEAD + PLOT + 1.35, text=stack.name, anchor="middle")
        elif stack.name:
            yield Label(x=100, y=HEAD + PLOT + 1.35, text=stack.name, anchor="end")


def _bar(row: Bar, *, y: float, longest: int) -> list[Block]:
    blocks = [Block(x=0, y=y + BAR_AT, width=100, height=BAR, tone="ground")]
    if row.value:
        blocks.append(Block(x=0, y=y + BAR_AT, width=100 * row.value / longest, height=BAR, tone=row.tone))
    return blocks


def _line(row: Bar, *, y: float) -> tuple[Label, Label]:
    number = number_format(row.value, force_grouping=True)
    return Label(x=0, y=y, text=row.name), Label(x=100, y=y, text=number, anchor="end")
