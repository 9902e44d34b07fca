"""With VESTIBULE_STATE, a run knows neither the checkout's own state nor its `.env` (ADR 68)."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from config.variables import CHECKOUT

SHOWS = "from config import variables; print(variables.STATE, *variables.LOCAL_FILES)"


def shown(**given: str) -> list[str]:
    """Return the folder of the state and the files that are read, in a process with this in its environment."""
    environment = {name: value for name, value in os.environ.items() if name != "VESTIBULE_STATE"}
    command = [sys.executable, "-c", SHOWS]
    found = subprocess.run(command, cwd=CHECKOUT, env=environment | given, capture_output=True, text=True, check=True)
    return found.stdout.split()


@pytest.mark.process
def test_a_run_with_state_elsewhere_reads_that_alone(tmp_path: Path) -> None:
    own = [f"{CHECKOUT}/.local", f"{CHECKOUT}/.env", f"{CHECKOUT}/.local/env"]

    assert shown(VESTIBULE_STATE=str(tmp_path)) == [str(tmp_path), f"{tmp_path}/env"]
    assert shown(VESTIBULE_STATE="elsewhere") == [f"{CHECKOUT}/elsewhere", f"{CHECKOUT}/elsewhere/env"]
    assert shown() == own
    assert shown(VESTIBULE_STATE="") == own
