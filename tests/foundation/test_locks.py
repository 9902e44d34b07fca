"""Named locks that several transactions share, and that one takes alone."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import transaction

from foundation.locks import lock_until_commit, share_until_commit, try_until_commit
from foundation.rows import fetch_one
from tests.support.together import leave_nothing_open
from tests.support.waiting import until

pytestmark = pytest.mark.django_db(transaction=True)

IS_WAITING = "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND usename = current_user"


def elsewhere(take: Callable[[str], bool]) -> bool:
    """Take the lock in a transaction of another connection, and return what that returned."""
    try:
        with transaction.atomic():
            return take("name")
    finally:
        leave_nothing_open()


def test_those_who_share_a_lock_do_not_wait_for_each_other() -> None:
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        assert share_until_commit("name") is False
        assert pool.submit(elsewhere, share_until_commit).result(timeout=10) is False
        assert pool.submit(elsewhere, try_until_commit).result(timeout=10) is False
    assert elsewhere(try_until_commit)


def test_whoever_shares_a_lock_waits_for_the_one_who_has_it_alone_and_knows_it() -> None:
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            lock_until_commit("name")
            late = pool.submit(elsewhere, share_until_commit)
            until(lambda: late.done() or fetch_one(IS_WAITING, []), seconds=10)
            assert not late.done()
        assert late.result(timeout=10) is True
