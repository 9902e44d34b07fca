"""Name the endpoints, so that requests can be counted and faults can find them."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.faults import Stage
from sandbox.wire import Answer, Request


@dataclass(frozen=True)
class Endpoint:
    """`guarded`: a form of the sandbox's own pages, refused when another site sends it."""

    name: str
    answer: Callable[[Request], Answer]
    stage: Stage | None = None
    guarded: bool = False


Routes = dict[tuple[str, str], Endpoint]
