"""What others write to the cache is as good as not there.

Kind: a store that several programs can write to was believed as if only we could.
"""

import json
import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as product
from django.core.cache import cache
from redis import Redis

from accounts.organizations.claim_rules import requested_claims
from foundation import signed_cache
from foundation.macs import is_authentic, mac

PLANTED = [
    b"",
    b"\x80\x04",
    b"{",
    b"[" * 200_000,
    b"7",
    b'"text"',
    b"[]",
    b"{}",
    b"true",
    b'{"text": "{}", "at": NaN, "mac": "0"}',
    json.dumps({"keys": []}).encode(),
    json.dumps(json.dumps({"raw": {}, "fetched_at": 9e9})).encode(),
]
VALUE = {"keys": [{"kid": "a", "n": 2**70}], "ü": None}


@pytest.fixture(autouse=True)
def _empty() -> None:
    cache.clear()
    signed_cache._warned.clear()  # noqa: SLF001


def stored(name: str = "jwks") -> dict[str, Any]:
    found: dict[str, Any] = cache.get(name)
    return found


@pytest.mark.promise(97)
def test_what_we_wrote_comes_back_with_its_time() -> None:
    before = time.time()
    signed_cache.put("jwks", VALUE, seconds=60)
    signed_cache.put("since", [], seconds=60, at=before - 30)

    found = signed_cache.get("jwks", within=60)
    assert found
    assert (found.value, before <= found.at <= time.time()) == (VALUE, True)
    assert signed_cache.get("since", within=60) == signed_cache.Signed([], before - 30)
    assert set(signed_cache.get_many(["jwks", "since", "none"], within=60)) == {"jwks", "since"}
    assert signed_cache.get("none", within=60) is None


@pytest.mark.parametrize(
    "change",
    [
        {"text": json.dumps({"keys": []})},
        {"at": time.time() + 30},
        {"at": 1},
        {"at": None},
        {"mac": ""},
        {"mac": None},
        {"mac": "é" * 64},
        {"mac": "0" * 64},
        {"text": None},
        {"text": ["keys"]},
    ],
)
@pytest.mark.promise(97)
def test_what_was_changed_is_not_believed(change: dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    signed_cache.put("jwks", VALUE, seconds=60)
    cache.set("jwks", stored() | change, 60)

    with caplog.at_level(logging.WARNING):
        assert [signed_cache.get("jwks", within=60) for _ in range(5)] == [None] * 5
    assert [record.message for record in caplog.records] == ["a value in the cache was not written by us: name=jwks"]


@pytest.mark.parametrize("planted", PLANTED)
@pytest.mark.promise(97)
def test_whatever_is_planted_is_a_miss_and_no_exception(planted: bytes) -> None:
    with Redis.from_url(product.REDIS_URL) as client:
        client.set(cache.make_key("jwks"), planted)

    assert signed_cache.get("jwks", within=60) is None
    assert signed_cache.get_many(["jwks"], within=60) == {}


@pytest.mark.promise(97)
def test_a_value_under_another_name_is_not_believed() -> None:
    signed_cache.put("jwks:https://mine.example", VALUE, seconds=60)
    cache.set("jwks:https://theirs.example", stored("jwks:https://mine.example"), 60)

    assert signed_cache.get("jwks:https://theirs.example", within=60) is None


@pytest.mark.promise(97)
def test_an_old_value_that_is_written_again_stays_old(time_machine: Any) -> None:
    """Kind: a signature says who wrote it and not when; an old key set could serve for ever."""
    signed_cache.put("jwks", VALUE, seconds=60)
    kept = stored()
    time_machine.move_to(datetime.now(UTC) + timedelta(seconds=61))
    cache.set("jwks", kept, 60)

    assert signed_cache.get("jwks", within=60) is None
    assert signed_cache.get("jwks", within=90)


@pytest.mark.promise(97)
def test_a_value_of_tomorrow_was_written_under_a_wrong_clock() -> None:
    signed_cache.put("jwks", VALUE, seconds=60, at=time.time() + 3600)

    assert signed_cache.get("jwks", within=86_400) is None


@pytest.mark.promise(97)
def test_a_value_under_a_former_key_counts_while_that_is_listed(settings: Any) -> None:
    signed_cache.put("jwks", VALUE, seconds=60)
    former, settings.SECRET_KEY = settings.SECRET_KEY, "another " * 8

    assert signed_cache.get("jwks", within=60) is None
    settings.SECRET_KEY_FALLBACKS = ["and another " * 8, former]
    assert signed_cache.get("jwks", within=60)


@pytest.mark.promise(97)
def test_a_code_is_for_one_use_and_for_these_parts() -> None:
    code = mac("cache", "a", "b")

    assert is_authentic(code, "cache", "a", "b")
    others = [("message", "a", "b"), ("cache", "a", "c"), ("cache", "ab"), ("cache", "a", "b", ""), ("cache", "b", "a")]
    assert not any(is_authentic(code, *parts) for parts in others)


@pytest.mark.django_db
@pytest.mark.parametrize("planted", [{"google": ["groups"]}, {}, [], "text", 7, {"google": 7}])
@pytest.mark.promise(97)
def test_who_writes_to_the_cache_does_not_choose_which_claims_are_asked_for(planted: object) -> None:
    cache.set(requested_claims.KEY, planted, 60)
    assert requested_claims.requested_claims("google") == frozenset()

    found = signed_cache.get(requested_claims.KEY, within=60)
    assert found
    assert found.value == {}
