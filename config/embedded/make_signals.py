"""Detects signals that `make` cannot forward: its own SIGKILL, and a SIGINT sent to make alone."""

import os
import re
import signal
import threading
from pathlib import Path

from config.embedded.child import die_with

STEP = 0.1  # seconds between two checks


def follow() -> None:
    """If `make` started this process, send it SIGTERM when make is told to stop.

    GNU make forwards SIGTERM to its recipe. On SIGINT it waits for the recipe instead, because a terminal
    sends that signal to the whole group. If a program sends it to make alone, it shows by its effect: make
    blocks the signal from then on, as Linux reports in /proc.
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
