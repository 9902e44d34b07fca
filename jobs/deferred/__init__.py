"""Deferred tasks: what is promised to a person in a request, and done by a worker afterwards (ADR 25).

::

    @deferred_task("registration")
    def answer_registration(*, address: str) -> None: …

    defer(answer_registration, address=address)

A deferred task is a row, written in the transaction that promises it. The queue only says that there is one; without
it the schedule finds it.
"""

from jobs.deferred.enqueue import defer
from jobs.deferred.registry import RetryLater, deferred_task

__all__ = ["RetryLater", "defer", "deferred_task"]
