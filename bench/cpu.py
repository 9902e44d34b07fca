"""CPU time and memory of whole process trees, as the kernel counts them (proc(5))."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
MS_PER_TICK = 1000 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Process:
    """One process. ``ticks`` is its own CPU time plus that of its ended children that were waited for."""

    pid: int
    parent: int
    ticks: int


def parse(stat: str) -> Process:
    """Parse /proc/<pid>/stat. The program's name may contain spaces and brackets: split after the last bracket."""
    head, _, tail = stat.rpartition(")")
    fields = tail.split()
    return Process(
        pid=int(head.split(" ", 1)[0]),
        parent=int(fields[1]),
        ticks=sum(int(field) for field in fields[11:15]),  # utime, stime, cutime, cstime
    )


def tree(roots: Iterable[int], processes: Iterable[Process]) -> list[Process]:
    """Return the processes that are roots or descend from them."""
    by_pid = {process.pid: process for process in processes}
    children: dict[int, list[int]] = {}
    for process in by_pid.values():
        children.setdefault(process.parent, []).append(process.pid)
    found: dict[int, Process] = {}
    waiting = [pid for pid in roots if pid in by_pid]
    while waiting:
        pid = waiting.pop()
        if pid not in found:
            found[pid] = by_pid[pid]
            waiting.extend(children.get(pid, ()))
    return list(found.values())


def cpu_ms(roots: Iterable[int]) -> float:
    """Return the CPU time that these trees have used so far, in milliseconds.

    A child that ends between two calls is not lost: its time is added to that of the parent that waited for it.
    """
    return sum(process.ticks for process in tree(roots, _all())) * MS_PER_TICK


def pss_mb(roots: Iterable[int]) -> float:
    """Return the memory of these trees in MB. Shared pages are divided among their users."""
    return sum(_pss_kb(process.pid) for process in tree(roots, _all())) / 1024


def proportional_kb(rollup: str) -> int:
    """Parse the line ``Pss:`` of a smaps_rollup."""
    return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))


def _pss_kb(pid: int) -> int:
    return proportional_kb((PROC / str(pid) / "smaps_rollup").read_text())


def _all() -> Iterator[Process]:
    for folder in PROC.iterdir():
        if folder.name.isdecimal():
            try:
                yield parse((folder / "stat").read_text())
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended meanwhile; its time was added to its parent's
