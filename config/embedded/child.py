"""Starts processes that never outlive their parent."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PR_SET_PDEATHSIG = 1  # <sys/prctl.h>
_c_library = ctypes.CDLL(None)  # loaded here: between fork and exec, loading could deadlock


class CannotStart(Exception):
    """A server cannot be started; the text says why and what to do, in one line."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """The operating system's user that a process runs as."""

    uid: int
    gid: int


def start(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    log: Path,
    reads: Path | None = None,
    account: Account | None = None,
    on_parent_death: signal.Signals = signal.SIGKILL,
) -> subprocess.Popen[bytes]:
    """Start a process in its own group, with ``reads`` as its input and its output appended to ``log``.

    The kernel sends it ``on_parent_death`` when this process dies, however it dies (prctl(2)). The signal
    belongs to the starting *thread*: start from the main one.
    """
    parent = os.getpid()
    with (reads or Path(os.devnull)).open("rb") as given, log.open("ab") as output:
        return subprocess.Popen(
            [str(part) for part in command],
            env=dict(environment),
            cwd="/" if account else None,
            stdin=given,
            stdout=output,
            stderr=subprocess.STDOUT,
            process_group=0,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            preexec_fn=lambda: die_with(parent, on_parent_death),  # noqa: PLW1509  # one thread, no locks held
        )


def die_with(parent: int, by: signal.Signals) -> None:
    """Ask the kernel to signal this process when ``parent`` dies, or end at once if it is gone already.

    Call it after a change of user, which clears the request. It does nothing on systems other than Linux.
    """
    if sys.platform != "linux":
        return
    _c_library.prctl(PR_SET_PDEATHSIG, int(by))
    if os.getppid() != parent:
        os.kill(os.getpid(), by)
