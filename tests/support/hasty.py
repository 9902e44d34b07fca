"""The server's worker with short timeouts, so that tests are fast."""

from config.server import bounds
from config.server.worker import Worker

__all__ = ["Worker"]

bounds.PATIENCE = 1.0
