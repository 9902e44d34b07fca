"""No incomplete request and no unread response holds a thread: tested on the real server.

The kind of fault: a thread waits for an anonymous client, which can take for ever, and reconnect.
"""

import statistics
import time

import pytest

from config.server.bounds import PATIENCE
from tests.support.gunicorns import THREADS, WORKERS, Site
from tests.support.strangers import KINDS, crowd

pytestmark = [pytest.mark.process, pytest.mark.alone]

TEN_TIMES = 10 * WORKERS * THREADS
WATCHED = 4.0  # seconds


@pytest.mark.parametrize(
    ("kind", "sources"), [(kind, 1) for kind in KINDS] + [("half_a_head", 100), ("a_dripping_body", 100)]
)
@pytest.mark.promise(96)
def test_ten_times_as_many_strangers_as_threads_leave_the_site_answering(site: Site, kind: str, sources: int) -> None:
    with crowd(site, kind, size=TEN_TIMES, sources=sources) as strangers:
        live, pages = _ask(site)

    assert strangers.came >= TEN_TIMES
    assert statistics.median(live) < 1, kind
    assert statistics.median(pages) < 1, kind
    assert max(*live, *pages) < PATIENCE / 2, f"{kind}: somebody waited for a stranger"


def _ask(site: Site) -> tuple[list[float], list[float]]:
    live, pages, end = [], [], time.monotonic() + WATCHED
    while time.monotonic() < end:
        live.append(site.took("/health/live"))
        pages.append(site.took("/accounts/login/"))
    return live, pages
