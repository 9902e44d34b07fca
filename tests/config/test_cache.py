"""The cache returns the values that were stored, and never runs code."""

import pickle
import threading

import pytest
from django.conf import settings
from django.core.cache import cache
from redis import Redis


@pytest.mark.parametrize("value", [0, -7, 2**40, True, False, None, "text", "", {"a": [1, {"b": "ü"}]}, [], 1.5])
def test_values_come_back_as_they_were(value: object) -> None:
    cache.set("value", value, 10)

    found = cache.get("value", "missing")
    assert (found, type(found)) == (value, type(value))


def test_counting_works() -> None:
    cache.set("count", 41, 10)
    assert cache.incr("count") == 42


def test_a_pickle_in_redis_is_not_opened() -> None:
    with Redis.from_url(settings.REDIS_URL) as client:
        client.set(cache.make_key("pickle"), pickle.dumps(print))

    assert cache.get("pickle") is None


def test_threads_share_the_connections_of_their_process() -> None:
    """Django gives each thread its own cache, and does not close or reuse its connections when the thread ends."""

    def connections_so_far() -> int:
        with Redis.from_url(settings.REDIS_URL) as client:
            return int(client.info("stats")["total_connections_received"])

    cache.get("anything")
    before = connections_so_far()
    for _ in range(5):
        thread = threading.Thread(target=lambda: cache.get("anything"))
        thread.start()
        thread.join()

    assert connections_so_far() == before + 1  # the one that counts them
