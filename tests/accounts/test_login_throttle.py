"""The login throttle: each wrong attempt costs more time, for the account and for the IP address."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse

from accounts.sign_in import login_throttle
from accounts.sign_in.login_throttle import FREE_OF_ACCOUNT, FREE_OF_IP_ADDRESS, LONGEST_WAIT, Throttled, for_password
from audit.events import Event
from audit.models import Entry
from tests.support.together import together

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nothing_counted_yet() -> None:
    cache.clear()


def asking(address: str = "192.0.2.1", cookies: dict[str, str] | None = None) -> HttpRequest:
    request = HttpRequest()
    request.META["REMOTE_ADDR"] = address
    request.COOKIES.update(cookies or {})
    return request


def try_wrongly(name: str = "root", address: str = "192.0.2.1", cookies: dict[str, str] | None = None) -> int:
    """Make an attempt, and return the seconds to wait: 0 if the attempt was checked."""
    try:
        login_throttle.count_attempt(for_password(asking(address, cookies), name), event=Event.SIGN_IN_REFUSED)
    except Throttled as throttled:
        return throttled.seconds
    return 0


@pytest.mark.promise(44)
def test_the_account_is_throttled_wherever_the_attempts_come_from() -> None:
    waits = [try_wrongly(address=f"192.0.2.{number}") for number in range(FREE_OF_ACCOUNT + 1)]

    assert waits[:-1] == [0] * FREE_OF_ACCOUNT
    assert waits[-1] > 0
    assert try_wrongly("somebody-else", "192.0.2.1") == 0


@pytest.mark.promise(44)
def test_the_ip_address_is_throttled_whatever_names_are_tried() -> None:
    waits = [try_wrongly(f"name {number}") for number in range(FREE_OF_IP_ADDRESS + 1)]

    assert waits[:-1] == [0] * FREE_OF_IP_ADDRESS
    assert waits[-1] > 0
    assert try_wrongly("another name", "192.0.2.2") == 0


@pytest.mark.promise(44)
def test_an_ipv6_network_counts_as_one_client_and_a_mapped_address_as_ipv4() -> None:
    for number in range(FREE_OF_IP_ADDRESS):
        assert try_wrongly(f"name {number}", f"2001:db8::{number}") == 0
        assert try_wrongly(f"mapped {number}", f"::ffff:198.51.100.{number}") == 0

    assert try_wrongly("another", "2001:db8::ffff") > 0
    assert try_wrongly("another", "2001:db8:0:1::1") == 0


@pytest.mark.parametrize("address", ["", "unix", "fe80::1%eth0", "::"])
@pytest.mark.promise(44)
def test_an_address_of_any_form_is_throttled(address: str) -> None:
    waits = [try_wrongly(f"name {number}", address) for number in range(FREE_OF_IP_ADDRESS + 1)]

    assert waits[-1] > 0


@pytest.mark.promise(44)
def test_each_wrong_attempt_doubles_the_wait_up_to_a_quarter_of_an_hour(time_machine: Any) -> None:
    now = datetime.now(UTC)
    time_machine.move_to(now, tick=False)
    for number in range(FREE_OF_ACCOUNT):
        try_wrongly(address=f"192.0.2.{number}")
    waits = []
    for number in range(12):
        waits.append(try_wrongly(address=f"198.51.100.{number}"))
        now += timedelta(seconds=waits[-1])
        time_machine.move_to(now, tick=False)
        assert try_wrongly(address=f"203.0.113.{number}") == 0, "after the wait an attempt is checked"

    assert waits == [4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900, 900]
    assert waits[-1] == LONGEST_WAIT


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise(44)
def test_concurrent_attempts_do_not_bypass_the_throttle() -> None:
    waits = together(*[try_wrongly] * 20)

    assert waits.count(0) == FREE_OF_ACCOUNT


@pytest.mark.promise(44)
def test_a_right_attempt_resets_the_account_and_does_not_count_against_the_address() -> None:
    for _ in range(FREE_OF_ACCOUNT - 1):
        try_wrongly()
    counters = for_password(asking(), "root")
    login_throttle.count_attempt(counters, event=Event.SIGN_IN_REFUSED)
    login_throttle.reset(counters)

    assert [try_wrongly(address=f"198.51.100.{number}") for number in range(FREE_OF_ACCOUNT)] == [0] * FREE_OF_ACCOUNT
    waits = [try_wrongly(f"name {number}") for number in range(FREE_OF_IP_ADDRESS - FREE_OF_ACCOUNT + 2)]
    assert waits.count(0) == FREE_OF_IP_ADDRESS - FREE_OF_ACCOUNT + 1, (
        "a right password of one's own account does not reset the address"
    )


@pytest.mark.promise(44)
def test_a_known_browser_is_throttled_by_its_own_counter_only() -> None:
    response = HttpResponse()
    login_throttle.remember_device(asking(), response, "Root")
    (cookie,) = response.cookies.values()
    known = {cookie.key: cookie.value}
    for _ in range(FREE_OF_IP_ADDRESS + 5):
        try_wrongly()

    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert "root" not in cookie.value.lower()
    assert try_wrongly() > 0
    assert [try_wrongly(cookies=known) for _ in range(FREE_OF_ACCOUNT)] == [0] * FREE_OF_ACCOUNT
    assert try_wrongly(cookies=known) > 0
    assert try_wrongly("another", "198.51.100.1", {cookie.key: "forged" + cookie.value}) == 0


@pytest.mark.promise(44)
def test_a_browser_is_known_for_one_name_only() -> None:
    response = HttpResponse()
    login_throttle.remember_device(asking(), response, "root")
    (cookie,) = response.cookies.values()
    for number in range(FREE_OF_ACCOUNT):
        try_wrongly("other", f"192.0.2.{number}")

    assert try_wrongly("other", "198.51.100.1", {cookie.key: cookie.value}) > 0


@pytest.mark.parametrize("forge", [lambda value: "", lambda value: "x" * 9000, lambda value: value[:-1], str.upper])
@pytest.mark.promise(44)
def test_a_forged_cookie_makes_no_browser_known(forge: Callable[[str], str]) -> None:
    response = HttpResponse()
    login_throttle.remember_device(asking(), response, "root")
    (cookie,) = response.cookies.values()
    for _ in range(FREE_OF_ACCOUNT):
        try_wrongly()

    assert try_wrongly(cookies={cookie.key: forge(cookie.value)}) > 0


@pytest.mark.promise(44)
def test_each_wait_is_recorded_once_and_never_with_the_name() -> None:
    for _ in range(FREE_OF_ACCOUNT + 4):
        try_wrongly("a-password-in-the-wrong-field")
    entries = list(Entry.objects.filter(action="sign_in.refused"))

    assert [entry.details for entry in entries] == [{"reason": "throttled", "throttled_by": "account", "seconds": 4}]
    assert not [key for key in login_throttle._redis().keys() if b"wrong-field" in key]  # noqa: SLF001, SIM118
