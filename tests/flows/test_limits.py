"""Refusals cannot flood the trail: after many from one client they leave no entries, and sign-ins still work."""

from collections.abc import Callable
from typing import Any

import pytest

from accounts.sign_in import rate_limits
from accounts.sign_in.rate_limits import Limit
from audit.models import Entry
from tests.flows.conftest import Browser, refusals

pytestmark = pytest.mark.django_db

CALLBACK = "/accounts/google/login/callback/"
BACKCHANNEL = "/accounts/keycloak/backchannel-logout/"
STRANGER = "203.0.113.7"


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(rate_limits, "REFUSALS", Limit(kind="refusals", most=3, seconds=60))
    return 3


def from_address(browser: Browser, address: str) -> Browser:
    browser.client.defaults["REMOTE_ADDR"] = address
    return browser


def test_refusals_of_one_client_leave_a_limited_number_of_entries_and_one_of_the_limit(
    browser: Browser, few: int
) -> None:
    stranger = from_address(browser, STRANGER)
    answers = [stranger.get(CALLBACK) for _ in range(few)] + [stranger.get(CALLBACK), stranger.post(BACKCHANNEL)]

    assert [answer.status_code for answer in answers] == [400] * few + [429] * 2
    assert b"Too many" in answers[-2].content
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert refusals() == ["state_missing"] * few
    (limit,) = Entry.objects.filter(action="rate_limit.exceeded")
    assert limit.details == {"kind": "refusals", "limit": few, "seconds": 60}
    assert limit.personal.after == {"of": STRANGER}


def test_people_can_sign_in_during_an_attack(browser: Browser, few: int, provider: str) -> None:
    neighbour = from_address(browser, STRANGER)
    for _ in range(few + 2):
        neighbour.get(CALLBACK)

    assert neighbour.sign_in(provider, "ada").status_code == 302
    assert neighbour.account


def test_other_clients_and_the_next_window_start_from_zero(
    browser: Browser, new_browser: Callable[[], Browser], few: int, time_machine: Any
) -> None:
    stranger = from_address(browser, "2001:db8:1::1")
    time_machine.move_to(600_000_000)
    for _ in range(few + 1):
        stranger.get(CALLBACK)

    assert from_address(new_browser(), "2001:db8:1::ffff").get(CALLBACK).status_code == 429  # the same network
    assert from_address(new_browser(), "2001:db8:2::1").get(CALLBACK).status_code == 400
    time_machine.move_to(600_000_060)
    assert stranger.get(CALLBACK).status_code == 400


def test_exempt_networks_have_no_limit(browser: Browser, few: int) -> None:
    assert {browser.get(CALLBACK).status_code for _ in range(few + 3)} == {400}
