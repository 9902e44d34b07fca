"""The CPU time of processes: none is lost, none is counted twice."""

import subprocess
import sys

import pytest

from bench.cpu import Process, cpu_ms, parse, proportional_kb, pss_mb, tree

STAT = (
    "4711 (post) gres: w) S 12 4711 4711 0 -1 4194560 1200 300 0 0 17 5 200 31 20 0 4 0 8842 "
    "226000000 4100 18446744073709551615 1 1 0 0 0 0 0 16781312 16386 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0"
)


def _process(pid: int, parent: int) -> Process:
    return Process(pid=pid, parent=parent, ticks=1)


def test_a_name_with_blanks_and_brackets_does_not_move_the_fields() -> None:
    assert parse(STAT) == Process(pid=4711, parent=12, ticks=17 + 5 + 200 + 31)


def test_a_tree_contains_its_root_and_its_descendants_only() -> None:
    everybody = [_process(1, 0), _process(2, 1), _process(3, 2), _process(4, 1), _process(5, 4)]

    assert {process.pid for process in tree([2, 4], everybody)} == {2, 3, 4, 5}


def test_a_root_below_another_is_counted_once_and_one_that_is_gone_not_at_all() -> None:
    everybody = [_process(1, 0), _process(2, 1)]

    assert sorted(process.pid for process in tree([1, 2, 99], everybody)) == [1, 2]


@pytest.mark.process
def test_a_child_that_ended_is_still_counted() -> None:
    burn = "import time\nwhile time.process_time() < 0.2: pass"
    parent = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}]); print('ended', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ended\n"
        spent, memory = cpu_ms([process.pid]), pss_mb([process.pid])
        process.communicate("\n")

    assert spent >= 180  # milliseconds; the kernel counts in steps of ten
    assert 1 < memory < 100


def test_memory_is_the_proportional_share() -> None:
    rollup = "55fe-7ffc ---p 00000000 00:00 0    [rollup]\nRss:  9000 kB\nPss:  4321 kB\nPss_Dirty:  116 kB\n"

    assert proportional_kb(rollup) == 4321
