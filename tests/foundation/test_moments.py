"""A moment here, by the database's clock: the KIND of fault is a span that is measured here and compared later."""

from datetime import UTC, datetime, timedelta

import pytest

from foundation.moments import Moment, StatementMoment

NOTED = datetime(2026, 11, 28, 12, tzinfo=UTC)


def at(seconds: float, *, stands: float = 0, jumps: float = 0) -> Moment:
    return Moment(monotonic=100 + seconds - stands, wall=1_000 + seconds + jumps)


@pytest.mark.parametrize("arrives", [3.0, 3.2, 3.9])
def test_an_act_after_the_judging_is_never_taken_for_one_before(arrives: float) -> None:
    """The judging takes from 0 to 3 s; the statement then arrives at some time before its answer comes."""
    asked = StatementMoment(at(3), NOTED, at(4))
    truly = NOTED - timedelta(seconds=arrives)

    assert truly - timedelta(seconds=1) <= asked.began(at(0)) <= truly


def test_a_statement_that_waits_long_costs_nobody_a_sign_in_who_began_long_after_the_act() -> None:
    asked = StatementMoment(at(3), NOTED, at(63))

    assert asked.began(at(0)) == NOTED - timedelta(seconds=4.5)


@pytest.mark.parametrize("after", [at(3, stands=2), at(3, jumps=-2)])
def test_of_two_clocks_the_one_counts_that_went_on(after: Moment) -> None:
    """One stands still while a machine is paused, the other is set back."""
    assert StatementMoment(after, NOTED, after).began(at(0)) == NOTED - timedelta(seconds=3)


@pytest.mark.django_db
def test_the_database_is_asked_between_two_moments() -> None:
    asked = StatementMoment.now()

    assert asked.after.since(asked.before) >= timedelta(0)
    assert asked.began(asked.before) == asked.noted_at
