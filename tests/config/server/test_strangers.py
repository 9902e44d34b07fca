"""No incomplete request and no unread response holds a thread: tested on the real server.

The kind of fault: a thread waits for an anonymous client, which can take for ever, and reconnect.
"""

import statistics

import pytest

from config.server.bounds import PATIENCE
from tests.support.gunicorns import THREADS, WORKERS, Site
from tests.support.strangers import KINDS, crowd

pytestmark = pytest.mark.process

TEN_TIMES = 10 * WORKERS * THREADS
ASKED = (
    10  # times each: a thread that waits for a stranger waits for PATIENCE, so with all taken the first one shows it
)


@pytest.mark.parametrize(
    ("kind", "sources"), [(kind, 1) for kind in KINDS] + [("half_a_head", 100), ("a_dripping_body", 100)]
)
@pytest.mark.promise(96)
def test_ten_times_as_many_strangers_as_threads_leave_the_site_answering(site: Site, kind: str, sources: int) -> None:
    with crowd(site, kind, size=TEN_TIMES, sources=sources) as strangers:
        live, pages = _ask(site)

    assert strangers.came >= TEN_TIMES
    assert statistics.median(live) < PATIENCE / 5, kind
    assert statistics.median(pages) < PATIENCE / 5, kind
    assert max(*live, *pages) < PATIENCE / 2, f"{kind}: somebody waited for a stranger"


def _ask(site: Site) -> tuple[list[float], list[float]]:
    live, pages = [], []
    for _ in range(ASKED):
        live.append(site.took("/health/live"))
        pages.append(site.took("/accounts/login/"))
    return live, pages
