"""Start the sandbox from the environment, and stop it on SIGTERM or SIGINT."""

import os
import signal
import sys
import threading

from sandbox.config import Config, ConfigRefused
from sandbox.server import LOOPBACK, Sandbox

REFUSED = 2
PORT_TAKEN = 1


def main() -> int:
    try:
        config = Config.from_environment(os.environ)
    except ConfigRefused as refusal:
        return _complain(str(refusal), REFUSED)
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    sandbox = Sandbox(config)
    try:
        sandbox.start()
    except OSError as failure:
        return _complain(f"Cannot listen on {LOOPBACK}:{config.port}: {failure.strerror}.", PORT_TAKEN)
    sys.stdout.write(f"Sandbox providers for {config.public_url} on {sandbox.base_url}\n")
    sys.stdout.flush()
    stopped.wait()
    sandbox.stop()
    return 0


def _complain(text: str, code: int) -> int:
    sys.stderr.write(f"sandbox: {text}\n")
    return code


if __name__ == "__main__":
    raise SystemExit(main())
