"""Hearing what `make` cannot pass on: its own SIGKILL, and a SIGINT sent to it alone."""

import os
import re
import signal
import threading
from pathlib import Path

from config.embedded.child import die_with

STEP = 0.1  # seconds between two looks


def follow() -> None:
    """Let this process, if `make` started it, be told to stop (SIGTERM) whenever make is.

    GNU make forwards SIGTERM to its recipe, but waits for the recipe on SIGINT, because a terminal sends
    that one to everybody. A program that signals make alone is seen by its effect: make has the signal
    blocked from then on, which Linux shows in /proc.
    """
    if "MAKELEVEL" not in os.environ:
        return
    maker = os.getppid()
    die_with(maker, signal.SIGTERM)
    threading.Thread(target=_watch, args=[maker], daemon=True).start()


def _watch(maker: int) -> None:
    pause = threading.Event()
    while not _has_blocked(maker, signal.SIGINT):
        pause.wait(STEP)
    os.kill(os.getpid(), signal.SIGTERM)


def _has_blocked(process: int, number: signal.Signals) -> bool:
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False
    mask = re.search(r"^SigBlk:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return bool(mask and int(mask[1], 16) & 1 << (number - 1))
