"""The server's worker with little patience, so that a test need not have much."""

from config.server import bounds
from config.server.worker import Worker

__all__ = ["Worker"]

bounds.PATIENCE = 1.0
