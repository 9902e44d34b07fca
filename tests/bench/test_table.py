"""The table shows which goals were reached, and against which peer."""

import pytest

from bench.goals import GOALS, Goal, Limits, Verdict, chosen
from bench.table import lines, text

AGAINST = Goal(
    number=1, what="sign-in", unit="CPU ms", ours="in", theirs="in", peers={"peer": Limits(must=0.4, moonshot=0.25)}
)
ALONE = Goal(number=3, what="statements", unit="", ours="asked", alone=Limits(must=10, moonshot=7))


@pytest.mark.parametrize(
    ("figure", "verdict"),
    [(0.25, Verdict.MOONSHOT), (0.26, Verdict.MUST), (0.4, Verdict.MUST), (0.41, Verdict.MISSED), (None, Verdict.OPEN)],
)
def test_a_limit_is_reached_at_its_figure_and_not_above(figure: float | None, verdict: Verdict) -> None:
    assert Limits(must=0.4, moonshot=0.25).judge(figure) is verdict


def test_what_has_no_limit_is_shown_beside_what_has_one() -> None:
    assert Limits(must=None).judge(9.0) is Verdict.BESIDE


def test_figures_are_medians_and_their_ratio_is_that_of_the_middle_round() -> None:
    figures = {"vestibule": {"in": [3.0, 4.0, 90.0]}, "peer": {"in": [10.0, 8.0, 300.0]}}
    (line,) = lines([AGAINST], figures, ["peer"])

    assert (line.ours, line.theirs, line.ratio, line.verdict) == (4.0, 10.0, 0.3, Verdict.MUST)


def test_a_figure_by_itself_is_judged_without_a_peer() -> None:
    (line,) = lines([ALONE], {"vestibule": {"asked": [8.0]}}, [])

    assert line.verdict is Verdict.MUST


def test_what_was_not_measured_is_not_reached() -> None:
    (line,) = lines([AGAINST], {"vestibule": {"in": [3.0]}}, ["peer"])

    assert line.verdict is Verdict.OPEN


def test_all_rows_of_the_table_are_as_wide_as_its_head() -> None:
    table = text(lines(GOALS, {"vestibule": {"me": [0.5]}, "allauth": {"me": [1.25]}}, ["allauth"])).splitlines()

    assert len({len(row) for row in table}) == 1
    assert any("0.40" in row and "moonshot" in row for row in table)


def test_goals_are_chosen_by_number() -> None:
    assert {goal.number for goal in chosen(frozenset({1, 4}))} == {1, 4}
    assert chosen(frozenset()) == list(GOALS)
