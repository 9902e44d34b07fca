"""A receiver that says when to come back is left alone until then, and no longer than a bound.

The kind of fault: what a receiver asks of us in its answer is not read, in any of the forms that RFC 9110 allows.
"""

import time
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from django.utils.http import http_date

from foundation import retry_after
from tests.tenancy.conftest import Town
from tests.webhooks.conftest import Set, again
from tests.webhooks.receiver import receiving
from tests.webhooks.test_running import role, send, undelivered
from webhooks import running

NOW = 1_795_000_000  # seconds since the epoch
FORMS = {
    "imf": time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(NOW + 600)),
    "rfc850": time.strftime("%A, %d-%b-%y %H:%M:%S GMT", time.gmtime(NOW + 600)),
    "asctime": time.asctime(time.gmtime(NOW + 600)),
}


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("120", timedelta(seconds=120)),
        (" 120 ", timedelta(seconds=120)),
        ("0000120", timedelta(seconds=120)),
        *[(form, timedelta(minutes=10)) for form in FORMS.values()],
        ("86400", retry_after.LONGEST),
        ("9" * 5_000, retry_after.LONGEST),
        (http_date(NOW + 10**8), retry_after.LONGEST),
    ],
)
def test_seconds_and_dates_are_read_up_to_a_bound(status: int, header: str, wait: timedelta) -> None:
    with time_machine.travel(NOW, tick=False):
        assert retry_after.read(status, header) == wait


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "0",
        "-5",
        "1.5",
        "soon",
        "٣٠",
        "1e3",
        "0x10",
        "120, 240",
        http_date(NOW - 60),
        "Mon, 99 Foo 2026",
        "+5",
    ],
)
def test_what_says_nothing_asks_for_nothing(header: str | None) -> None:
    with time_machine.travel(NOW, tick=False):
        assert retry_after.read(503, header) is None


@pytest.mark.parametrize("status", [200, 301, 400, 408, 410, 500, 502])
def test_it_is_heeded_where_it_speaks_of_the_receiver(status: int) -> None:
    assert retry_after.read(status, "120") is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("as_date", [False, True])
def test_nothing_is_sent_before_then_and_what_waits_is_sent_after(
    town: Town, set_up: Set, status: int, *, as_date: bool
) -> None:
    now, asked = timezone.now(), timedelta(hours=2)
    header = http_date((now + asked).timestamp() + 1) if as_date else str(int(asked.total_seconds()))
    with receiving(status, Retry_After=header) as receiver:
        webhook, _ = set_up(town.a, receiver.url, tables=["accounts_role"])
        role(town.a, "first")
        role(town.a, "second")
        send()
        with time_machine.travel(now + asked - timedelta(minutes=1)):
            send()
        assert len(receiver.came) == 1
        (waiting,) = undelivered(webhook)
        assert waiting.next_attempt_at
        assert waiting.next_attempt_at >= now + asked

        receiver.answer = lambda _: 200
        with time_machine.travel(now + asked * running.RESTS.jitter[1] + timedelta(minutes=1)):
            send()
            send()
    assert len({one.id for one in receiver.came}) == 2
    assert not undelivered(webhook)


@pytest.mark.django_db(transaction=True)
def test_a_receiver_that_asks_for_ever_is_asked_again_within_the_bound(town: Town, set_up: Set) -> None:
    with receiving(503, Retry_After="9" * 30) as receiver:
        webhook, _ = set_up(town.a, receiver.url, tables=["accounts_role"])
        role(town.a, "first")
        send()

        rest = again(webhook).paused_until
        assert rest
        assert retry_after.LONGEST <= rest - timezone.now() + timedelta(seconds=30) < running.RESTS.longest * 1.01


@pytest.mark.django_db(transaction=True)
def test_who_asks_for_less_than_our_own_pause_has_our_own_pause(town: Town, set_up: Set) -> None:
    with receiving(503, Retry_After="1") as receiver:
        webhook, _ = set_up(town.a, receiver.url, tables=["accounts_role"])
        role(town.a, "first")
        send()

        rest = again(webhook).paused_until
        assert rest
        assert rest - timezone.now() > timedelta(seconds=20)
