"""Named endpoints, by which requests are counted and faults are applied."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.faults import Stage
from sandbox.wire import Answer, Request


@dataclass(frozen=True)
class Endpoint:
    """`guarded` marks a form of the sandbox's own pages, which is refused if another site sends it."""

    name: str
    answer: Callable[[Request], Answer]
    stage: Stage | None = None
    guarded: bool = False


Routes = dict[tuple[str, str], Endpoint]
