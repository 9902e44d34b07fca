"""Gives tests that measure time the machine to themselves in a parallel run.

It is a readers-writer lock between the processes: tests marked ``alone`` take it exclusively, all others share it.
While an exclusive one waits, no other test starts.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

# The same in every process of a run, but not in the processes that a test starts.
RUN = os.environ.pop("PYTEST_XDIST_TESTRUNUID", None)


def room(*, alone: bool) -> Any:
    """Return a context in which a test runs."""
    return _room(Path(tempfile.gettempdir()) / f"vt-{RUN}", alone=alone) if RUN else nullcontext()


@contextmanager
def _room(path: Path, *, alone: bool) -> Iterator[None]:
    with path.with_suffix(".door").open("w") as door, path.with_suffix(".room").open("w") as inside:
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(inside, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        if not alone:
            fcntl.flock(door, fcntl.LOCK_UN)
        yield
