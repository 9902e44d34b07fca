"""Errands: what is promised to a person in a request, and done by a worker afterwards (ADR 25).

::

    @errand("registration")
    def answer_registration(*, address: str) -> None: …

    later(answer_registration, address=address)

An errand is a row, written in the transaction that promises it. The queue only says that there is one; without it the
schedule finds it.
"""

from jobs.deferred.enqueue import later
from jobs.deferred.registry import TryLater, errand

__all__ = ["TryLater", "errand", "later"]
