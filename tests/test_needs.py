"""Marks by need hold: nothing starts a process unseen, and the fast choice keeps a test for each promise."""

import os
import subprocess
import sys

import pytest

from tests.support import needs, promises
from tests.support.needs import NotMarked
from tests.support.stories import is_everything

NOT_FAST = {
    33: "a process is killed",
}


def test_a_test_without_the_mark_starts_no_process() -> None:
    with pytest.raises(NotMarked, match=r"mark it @pytest\.mark\.process"):
        subprocess.run([sys.executable, "-c", ""], check=True)
    with pytest.raises(NotMarked, match=r"mark it @pytest\.mark\.process"):
        os.posix_spawn(sys.executable, [sys.executable, "-c", ""], os.environ)


@pytest.mark.process
def test_a_browser_needs_a_mark_of_its_own() -> None:
    subprocess.run([sys.executable, "-c", ""], check=True)
    with pytest.raises(NotMarked, match=r"mark it @pytest\.mark\.browser"):
        subprocess.run(["playwright/driver/node"], check=True)


def test_who_uses_a_fixture_that_starts_something_is_marked(request: pytest.FixtureRequest) -> None:
    class Uses(pytest.Item):
        fixturenames = ("visitor", "chromium")

        def runtest(self) -> None:
            """Nothing to run."""

    item = Uses.from_parent(request.session, name="uses")
    needs.mark([item])

    assert item.get_closest_marker("browser")
    assert not needs.is_fast(item)
    assert needs.is_fast(request.node)


@pytest.mark.parametrize("number", range(2))
@pytest.mark.parametrize("letter", "ab")
def test_without_the_database_three_variants_are_fast(request: pytest.FixtureRequest, letter: str, number: int) -> None:
    assert needs.is_fast(request.node) == ((letter, number) != ("b", 1))


@pytest.mark.django_db
@pytest.mark.parametrize("number", range(2))
@pytest.mark.parametrize("letter", "ab")
def test_with_the_database_the_first_is(request: pytest.FixtureRequest, letter: str, number: int) -> None:
    assert needs.is_fast(request.node) == ((letter, number) == ("a", 0))


@pytest.mark.parametrize("number", range(2))
def test_a_fixture_can_use_it_too(request: pytest.FixtureRequest, db: None, number: int) -> None:
    assert needs.is_fast(request.node) == (number == 0)


def test_every_promise_that_is_held_is_held_by_a_fast_test_too(request: pytest.FixtureRequest) -> None:
    """The kind of fault: a mark, or another variant, that takes the last quick test of a promise away."""
    if not is_everything(request.config):
        pytest.skip("only a run of all tests collects them all")
    items = request.session.items
    fast = {number for item in filter(needs.is_fast, items) for number in numbers(item)}

    assert {number for item in items for number in numbers(item)} - fast == set(NOT_FAST)
    assert fast <= set(promises.marked())


def numbers(item: pytest.Item) -> set[int]:
    return {number for mark in item.iter_markers("promise") for number in mark.args}
