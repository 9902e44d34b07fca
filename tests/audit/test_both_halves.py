"""Neither half of the trail can be disabled unnoticed: the tests fail, and exactly those that should."""

import os
import re
import subprocess
import sys

import pytest

from config.variables import CHECKOUT

pytestmark = pytest.mark.process

FILE = "tests/audit/test_every_write.py"
TEST = f"{FILE}::test_a_write_in_a_transaction_leaves_one_entry_for_each_changed_row"
ANNOUNCED = {"create", "save", "delete", "add_to_many"}
SEEN_BY_THE_DATABASE = {"update_in_bulk", "write_raw_sql", "copy"}


@pytest.mark.promise(74, 75)
@pytest.mark.parametrize(
    ("half", "fail"),
    [
        ("without_receivers", ANNOUNCED),
        ("without_triggers", ANNOUNCED | SEEN_BY_THE_DATABASE),
    ],
)
def test_without_one_half_the_suite_is_red(half: str, fail: set[str]) -> None:
    kinds = ANNOUNCED | SEEN_BY_THE_DATABASE
    ran = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", f"tests.audit.{half}", "-p", "no:cacheprovider"),
            *("--quiet", "-rfEp", "--tb=no"),
            *(f"{TEST}[{kind}]" for kind in sorted(kinds)),
        ],
        cwd=CHECKOUT,
        env={"PATH": os.environ["PATH"]},  # it starts its own servers
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    outcomes = re.findall(r"^(FAILED|PASSED|ERROR) .*\[(\w+)\]", ran.stdout, re.MULTILINE)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert {kind: outcome for outcome, kind in outcomes} == {
        kind: "FAILED" if kind in fail else "PASSED" for kind in kinds
    }
