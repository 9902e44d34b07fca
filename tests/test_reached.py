"""The coverage check fails if a line too few is covered, if a branch is missed, and if a part is gone."""

from typing import Any

import pytest

from tests.support import reached

ALL = {"percent_statements_covered": 95.0}


def of(*branches: list[int], lines: tuple[int, ...] = ()) -> dict[str, Any]:
    summary = {"covered_branches": 4 - len(branches), "num_branches": 4}
    return {"missing_lines": list(lines), "missing_branches": list(branches), "summary": summary}


@pytest.fixture
def files() -> dict[str, Any]:
    one_each = [patterns[0].replace("*", "one.py") for patterns in reached.EVERY_BRANCH.values()]
    return {**{file: of() for file in one_each}, "console/site.py": of([1, 2], lines=(2,))}


def test_what_is_reached_as_it_should_be_is_no_fault(files: dict[str, Any]) -> None:
    assert reached.faults(ALL, files) == []
    assert reached.figures(ALL, files).startswith(
        "95.00 % of the product's lines are covered, and 20 of 20 branches in"
    )


def test_a_branch_that_is_left_out_is_a_fault_where_it_matters_most(files: dict[str, Any]) -> None:
    files["audit/one.py"] = of([7, 9], [8, -3])
    files["providers/linking.py"] = of(lines=(5,))

    assert reached.faults(ALL, files) == [
        "audit/one.py misses 7 to 9, 8 to the end",
        "providers/linking.py misses 5",
    ]


def test_a_line_too_few_is_a_fault(files: dict[str, Any]) -> None:
    assert reached.faults({"percent_statements_covered": 94.99}, files) == [
        "only 94.99 % of the lines are covered, not 95 %"
    ]


def test_a_part_that_went_elsewhere_is_a_fault(files: dict[str, Any]) -> None:
    """Kind: a check of files that were renamed, which would then always pass."""
    del files["providers/verification.py"]

    assert reached.faults(ALL, files) == ["verification: no file matches providers/verification.py"]
