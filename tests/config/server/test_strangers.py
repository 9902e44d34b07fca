"""No stranger's unfinished request holds a thread, nor does an answer that nobody reads: tried on the real server.

The kind of fault: whoever has a thread waits for a stranger, who may take for ever, and come again.
"""

import statistics
import time

import pytest

from tests.support.gunicorns import THREADS, WORKERS, Site
from tests.support.strangers import KINDS, crowd

pytestmark = [pytest.mark.process, pytest.mark.alone]

TEN_TIMES = 10 * WORKERS * THREADS
WATCHED = 4.0  # seconds


@pytest.mark.parametrize(
    ("kind", "sources"), [(kind, 1) for kind in KINDS] + [("half_a_head", 100), ("a_dripping_body", 100)]
)
@pytest.mark.promise(96)
def test_ten_times_as_many_strangers_as_threads_leave_pages_under_a_second(site: Site, kind: str, sources: int) -> None:
    with crowd(site, kind, size=TEN_TIMES, sources=sources) as strangers:
        live, pages = _ask(site)

    assert strangers.came >= TEN_TIMES
    assert _p95(live) < 1, kind
    assert _p95(pages) < 1, kind


def _ask(site: Site) -> tuple[list[float], list[float]]:
    live, pages, end = [], [], time.monotonic() + WATCHED
    while time.monotonic() < end:
        live.append(site.took("/health/live"))
        pages.append(site.took("/accounts/login/"))
    return live, pages


def _p95(seconds: list[float]) -> float:
    return statistics.quantiles([*seconds, seconds[-1]], n=20)[-1]
