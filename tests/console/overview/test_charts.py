"""Charts are proportional to any numbers and stay within their frame."""

import math
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from console.overview.charts import (
    GUTTER,
    HEAD,
    PLOT,
    Bar,
    Block,
    Chart,
    Part,
    Stack,
    bars,
    ceiling,
    columns,
    shortened,
)

NUMBERS = st.integers(min_value=0, max_value=10**10)
STACKS = st.lists(st.lists(NUMBERS, max_size=6), max_size=40)
CLOSE = 1e-6


def drawn_columns(numbers: list[list[int]]) -> Chart:
    stacks = [
        Stack(says=f"{place}", name=f"{place}", parts=[Part(tone=f"tone-{part}", value=value) for part, value in many])
        for place, many in enumerate(enumerate(values) for values in numbers)
    ]
    return columns(stacks, title="title", description="description")


def drawn_bars(numbers: list[int]) -> Chart:
    rows = [Bar(name=f"bar {place}", value=value, tone="tone-1") for place, value in enumerate(numbers)]
    return bars(rows, title="title", description="description")


def is_within(block: Block, chart: Chart) -> bool:
    edges = (block.x, block.x + block.width, block.y, block.y + block.height)
    return (
        all(math.isfinite(edge) for edge in edges)
        and -CLOSE <= block.x <= edges[1] <= 100 + CLOSE
        and -CLOSE <= block.y <= edges[3] <= chart.height + CLOSE
    )


@given(STACKS)
def test_columns_are_within_the_chart_side_by_side_and_start_at_the_baseline(numbers: list[list[int]]) -> None:
    chart = drawn_columns(numbers)

    grounds = [group.blocks[0] for group in chart.groups]
    assert len(chart.groups) == len(numbers)
    assert all(is_within(block, chart) for group in chart.groups for block in group.blocks)
    assert all(left.x + left.width <= right.x + CLOSE for left, right in pairwise(grounds))
    for group in chart.groups:
        floor = HEAD + PLOT
        for block in group.blocks[1:]:
            assert math.isclose(block.y + block.height, floor, abs_tol=CLOSE)
            floor = block.y


@given(STACKS)
def test_the_heights_of_a_columns_parts_and_their_sum_are_proportional_to_the_numbers(numbers: list[list[int]]) -> None:
    chart = drawn_columns(numbers)

    top = ceiling(max(map(sum, numbers), default=0))
    for values, group in zip(numbers, chart.groups, strict=True):
        parts = group.blocks[1:]
        shown = [value for value in values if value]
        assert all(math.isclose(part.height, PLOT * value / top) for part, value in zip(parts, shown, strict=True))
        assert math.isclose(sum(part.height for part in parts), PLOT * sum(values) / top, abs_tol=CLOSE)


@given(STACKS)
def test_the_scale_begins_at_zero_ends_above_all_columns_and_its_labels_stay_beside_them(
    numbers: list[list[int]],
) -> None:
    chart = drawn_columns(numbers)

    lowest, middle, highest = chart.lines
    assert math.isclose(lowest, HEAD + PLOT)
    assert math.isclose(highest, HEAD)
    assert math.isclose(middle, HEAD + PLOT / 2)
    assert all(label.x < GUTTER for label in chart.labels[:3])
    assert all(math.isfinite(label.x) and 0 <= label.x <= 100 for label in chart.labels)
    assert all(0 <= label.y <= chart.height for label in chart.labels)


@given(st.lists(NUMBERS, max_size=20))
def test_the_lengths_of_bars_are_proportional_to_their_numbers(numbers: list[int]) -> None:
    chart = drawn_bars(numbers)

    longest = max(numbers, default=0)
    assert all(is_within(block, chart) for group in chart.groups for block in group.blocks)
    for value, group in zip(numbers, chart.groups, strict=True):
        widths = [block.width for block in group.blocks[1:]]
        assert len(widths) == (1 if value else 0)
        assert all(math.isclose(width, 100 * value / longest) for width in widths)
    grounds = [group.blocks[0] for group in chart.groups]
    assert all(upper.y + upper.height <= lower.y for upper, lower in pairwise(grounds))
    assert all(0 <= label.y <= chart.height for label in chart.labels)


@given(NUMBERS)
def test_a_scale_has_room_for_its_maximum_but_not_too_much_and_a_round_middle(value: int) -> None:
    top = ceiling(value)

    assert value <= top
    assert top % 2 == 0
    assert top <= max(2, 2 * value)


@given(NUMBERS)
def test_the_labels_of_a_scale_are_short_and_true(value: int) -> None:
    top = ceiling(value)
    text = shortened(top)

    factor = {"k": 1000, "M": 10**6, "G": 10**9}.get(text[-1], 1)
    assert float(text.rstrip("kMG")) * factor == top
    assert float(shortened(top // 2).rstrip("kMG")) > 0
    assert len(text) <= 4
