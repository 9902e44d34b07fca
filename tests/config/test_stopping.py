"""A stop signal works even at the worst moment."""

import subprocess
import sys
import textwrap

import pytest

from config.variables import CHECKOUT

pytestmark = pytest.mark.process

IN_A_CALLBACK = textwrap.dedent("""
    import os, pathlib, signal, time
    from config.embedded.__main__ import stopping
    from config.embedded.supervisor import Supervisor

    class Asks:
        def __del__(self):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.01)  # here the signal arrives, and what it raises is swallowed

    with stopping(Supervisor(run=pathlib.Path("/"), tell=print)):
        Asks()
        print("not heard", flush=True)
        time.sleep(30)
    print("stopped", flush=True)
""")


def test_a_stop_is_raised_again_if_python_swallowed_it() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", IN_A_CALLBACK], cwd=CHECKOUT, capture_output=True, text=True, timeout=20, check=False
    )

    assert ended.stdout.splitlines() == ["not heard", "Stopping.", "stopped"]
    assert ended.returncode == 0
    assert "StopRequested" in ended.stderr  # it was swallowed
