"""Deferred tasks: work that a request promises to a person, and that a worker does afterwards (ADR 25).

::

    @deferred_task("registration")
    def answer_registration(*, email: str) -> None: …

    defer(answer_registration, email=email)

A deferred task is a row that is written in the transaction that promises it. The queue only notifies a worker. If the
message is lost, the next scheduled run finds the row.
"""

from jobs.deferred.enqueue import defer
from jobs.deferred.registry import RetryLater, deferred_task

__all__ = ["RetryLater", "defer", "deferred_task"]
