"""The purge: removes expired rows a slice at a time, so that no sign-in has to wait for it (ADR 22)."""

from jobs.purging.registry import purgeables
from jobs.purging.run import JOB, Purged, due, purge

__all__ = ["JOB", "Purged", "due", "purge", "purgeables"]
