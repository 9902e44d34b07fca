"""Token requests are limited for each app, at the cost of few calls to Redis (ADR 53)."""

from collections import Counter
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client as Browser

from accounts.sign_in import rate_limits
from accounts.sign_in.rate_limits import BATCH, Limit
from audit.models import Entry
from authserver.endpoints import token as endpoint
from authserver.models import Client
from foundation.windows import Windows
from tests.support.authorized import App
from tests.support.oauth import basic, document, registered, token_request

pytestmark = pytest.mark.django_db
STRANGER = "203.0.113.7"
OTHER = "203.0.113.8"


@pytest.fixture(autouse=True)
def _two_batches(monkeypatch: pytest.MonkeyPatch, time_machine: Any) -> None:
    """Allow two batches in a minute, which does not end during the test."""
    cache.clear()
    monkeypatch.setattr(rate_limits, "HERE", Windows())
    monkeypatch.setattr(rate_limits, "FULL", Windows())
    monkeypatch.setattr(endpoint, "REQUESTS", Limit(kind="token_requests", most=2 * BATCH, seconds=60))
    time_machine.move_to(1_796_000_400)


def ask(client: Client, secret: str, *, address: str = STRANGER) -> Any:
    auth = basic(client.client_id, secret)
    return token_request(Browser(REMOTE_ADDR=address), {"grant_type": "client_credentials"}, auth)


def counted(client: Client, secret: str, times: int) -> Counter[int]:
    return Counter(ask(client, secret).status_code for _ in range(times))


def test_a_client_that_asks_too_often_is_refused_until_the_window_is_over(time_machine: Any) -> None:
    client, secret = registered()
    assert counted(client, secret, 3 * BATCH + 5) == {200: 3 * BATCH - 1, 429: 6}
    answer = ask(client, secret)
    assert document(answer)["error"] == "temporarily_unavailable"
    assert 0 < int(answer.headers["Retry-After"]) <= 61
    assert (answer.headers["Cache-Control"], answer.headers["Content-Type"]) == ("no-store", "application/json")
    assert ask(*registered(name="Another")).status_code == 200
    time_machine.move_to(1_796_000_461)
    assert ask(client, secret).status_code == 200


def test_the_limit_leaves_one_entry_and_the_refusals_none() -> None:
    client, secret = registered()
    counted(client, secret, 5 * BATCH)
    (entry,) = Entry.objects.filter(action="rate_limit.exceeded")
    assert entry.details == {"kind": "token_requests", "limit": 2 * BATCH, "seconds": 60}
    assert (entry.actor_kind, entry.actor_id) == ("service", str(client.pk))
    assert not Entry.objects.filter(action="tokens.refused").exists()
    assert Entry.objects.filter(action="tokens.issued").count() == 3 * BATCH - 1


def test_processes_count_together(monkeypatch: pytest.MonkeyPatch) -> None:
    client, secret = registered()
    assert counted(client, secret, 2 * BATCH) == {200: 2 * BATCH}
    monkeypatch.setattr(rate_limits, "HERE", Windows())  # as in another process
    assert counted(client, secret, BATCH + 5) == {200: BATCH - 1, 429: 6}


def test_without_redis_each_process_counts_by_itself(cache_away: Any) -> None:
    client, secret = registered()
    cache_away()
    assert counted(client, secret, 3 * BATCH + 5) == {200: 3 * BATCH - 1, 429: 6}
    assert Entry.objects.filter(action="rate_limit.exceeded").count() == 1


def test_a_client_that_asks_seldom_costs_no_call_to_redis() -> None:
    client, secret = registered()
    redis = cache._cache.get_client()  # type: ignore[attr-defined]  # noqa: SLF001
    assert counted(client, secret, BATCH - 1) == {200: BATCH - 1}
    assert redis.keys("*") == []
    counted(client, secret, 1)
    (name,) = redis.keys("*")
    assert int(redis.get(name)) == BATCH
    assert 60 <= redis.ttl(name) <= 120


def test_nobody_uses_up_the_limit_of_a_public_app_for_others() -> None:
    app = App.registered(is_public=True)
    app.browser.defaults["REMOTE_ADDR"] = STRANGER
    found = Counter(app.refresh("vrt_none").status_code for _ in range(3 * BATCH))
    assert found == {400: 3 * BATCH - 1, 429: 1}
    app.browser.defaults["REMOTE_ADDR"] = OTHER
    assert app.refresh("vrt_none").status_code == 400


def test_the_limit_counts_only_for_clients_that_have_proven_who_they_are() -> None:
    client, secret = registered()
    assert counted(client, "wrong", 4 * BATCH) == {401: 4 * BATCH}
    assert ask(client, secret).status_code == 200
