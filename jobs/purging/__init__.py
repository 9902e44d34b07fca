"""Removing what has expired, a little at a time, so that nobody who signs in has to wait for it (ADR 22)."""

from jobs.purging.registry import purgeables
from jobs.purging.run import JOB, Purged, due, purge

__all__ = ["JOB", "Purged", "due", "purge", "purgeables"]
