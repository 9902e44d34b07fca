"""No tenant's webhooks take what is everybody's: places in the house, senders, and threads that look up names."""

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.http import HttpRequest

from audit.models import Entry
from audit.reading.presentation import EntryPresentation, ValueState
from audit.reading.visibility import Visibility
from foundation import names, receivers
from foundation.outgoing import Exceeded
from foundation.posting import Result
from foundation.receivers import ReceiverRefused
from tenancy import site_context
from tests.support.proven import proven
from tests.tenancy.conftest import Town
from tests.webhooks.receiver import receiving
from webhooks import changes, running
from webhooks.messages import Message
from webhooks.models import Webhook
from webhooks.sending import send
from webhooks.signing import encrypted, new_secret

SECRET = "a-key-in-the-address"


@pytest.fixture
def in_production(settings: Any) -> None:
    settings.WEBHOOKS_ALLOW_LOOPBACK = False


@pytest.mark.parametrize(
    "address",
    [
        "0.1.2.3", "10.255.255.255", "100.64.0.1", "100.100.100.200", "100.127.255.255", "127.8.9.1", "169.254.0.1",
        "169.254.169.254", "169.254.170.2", "172.31.0.1", "192.0.0.1", "192.0.0.8", "192.0.0.9", "192.0.0.170",
        "192.0.2.1", "192.31.196.1", "192.52.193.1", "192.88.99.1", "192.168.0.1", "192.175.48.1", "198.18.0.1",
        "198.19.255.255", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255",
        "168.63.129.16",
        "::", "::1", "::7f00:1", "::10.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::ffff:0:10.0.0.1",
        "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254", "64:ff9b::168.63.129.16", "64:ff9b:1::1", "100::1",
        "100:0:0:1::1", "2001::1", "2001:0:a00:1::1", "2001:2::1", "2001:10::1", "2001:20::1", "2001:db8::1",
        "2002:a00:1::1", "2002:7f00:1::1", "2002:a9fe:a9fe::1", "2620:4f:8000::1", "3fff::1", "4000::1", "5f00::1",
        "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "e000::1",
    ],
)  # fmt: skip
def test_no_special_purpose_address_is_public(in_production: None, address: str) -> None:
    """The kind of fault: a network that is nobody's on the internet, or a cloud's own, reached in some dress."""
    literal = f"[{address}]" if ":" in address else address
    with pytest.raises(ReceiverRefused):
        receivers.read(f"https://{literal}/")


@pytest.mark.parametrize(
    "address",
    [
        "1.1.1.1", "93.184.215.14", "100.63.255.255", "100.128.0.1", "172.32.0.1", "168.63.129.17", "198.20.0.1",
        "2606:4700::1111", "2a00:1450::1", "64:ff9b::1.1.1.1", "::ffff:1.1.1.1", "2002:101:101::1",
    ],
)  # fmt: skip
def test_the_internets_addresses_are_public(in_production: None, address: str) -> None:
    literal = f"[{address}]" if ":" in address else address
    receivers.read(f"https://{literal}/")


def test_a_name_is_judged_by_what_it_stands_for_at_this_sending_and_called_there(
    in_production: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One address among several that must not be called is enough, and nobody asks a second time."""
    asked: list[str] = []

    def rebinding(host: str, port: int, **_: Any) -> list[Any]:
        asked.append(host)
        found = ["1.1.1.1", "168.63.129.16"] if len(asked) == 1 else ["1.1.1.1"]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    with pytest.raises(ReceiverRefused):
        receivers.resolve(receivers.read("https://hooks.example/"))
    assert asked == ["hooks.example"]


@pytest.fixture
def hanging(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A resolver that does not answer until the test ends."""
    over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(60) and [])
    monkeypatch.setattr(names, "_places", threading.BoundedSemaphore(names.AT_ONCE))
    yield
    over.set()


def test_a_resolver_that_hangs_holds_nobody(hanging: None, monkeypatch: pytest.MonkeyPatch) -> None:
    receiver = receivers.read("https://hooks.example/")
    began = time.monotonic()
    for _ in range(names.AT_ONCE):
        with pytest.raises(Exceeded, match="not resolved in time"):
            receivers.resolve(receiver, seconds=0.01)
    with pytest.raises(Exceeded, match="too many"):
        receivers.resolve(receiver)
    assert time.monotonic() - began < 30  # the resolver would hold each of them for 60

    monkeypatch.setattr(names, "_places", threading.BoundedSemaphore(1))
    monkeypatch.setattr(receivers, "LONGEST_LOOKUP", 0.01)
    webhook = Webhook(url="https://hooks.example/")
    webhook.secret = encrypted(new_secret(), webhook)
    assert send(webhook, Message(id="msg_1", kind="x", body=b"{}")).fate is Result.NOT_TAKEN


@pytest.mark.django_db
def test_a_tenant_has_so_many_webhooks_and_another_as_many(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MOST_OF_A_TENANT", 2)
    for side in (town.a, town.b):
        browser = proven(side.owner)
        told = {"name": "Ours", "url": "https://93.184.215.14/", "is_active": "on"}
        answers = [browser.post("/admin/webhooks/webhook/add/", told) for _ in range(3)]
        assert b"as many webhooks as" in answers[2].content
        assert b"as many webhooks as" not in answers[1].content

    with site_context("a test counts"):
        assert Webhook.objects.count() == 4


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_one_tenants_slow_receivers_do_not_take_all_senders(
    town: Town, set_up: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kind: one tenant's share that is all there is. And all of its webhooks get their turn."""
    at_once, most, served = set(), [], set()
    lock = threading.Lock()

    def run(webhook_id: Any, tenant_id: Any, **_: Any) -> None:
        with lock:
            at_once.add(webhook_id)
            most.append(len(at_once))
            served.add(webhook_id)
        connection.ensure_connection()
        threading.Event().wait(0.2)  # a receiver that is slow: were there more senders, they would be here as well
        with lock:
            at_once.discard(webhook_id)

    for _ in range(7):
        set_up(town.a, "http://127.0.0.1:1/")
    monkeypatch.setattr(running, "run", run)
    running.send_due(seconds=20)

    assert max(most) == running.SENDERS_OF_ONE < running.SENDERS
    assert len(served) == 7


@pytest.mark.django_db
def test_what_an_address_hides_stands_nowhere_in_the_trail(town: Town, set_up: Callable[..., Any]) -> None:
    """The kind of fault: a secret within a column that is no secret as a whole."""
    with receiving() as receiver:
        url = f"{receiver.url}services/{SECRET}?token={SECRET}"
        webhook, _ = set_up(town.a, url)
        with site_context("a test changes"):
            webhook.url = url + "x"
            changes.change(webhook, switched_on=False, elsewhere=True)
    entries = Entry.objects.filter(object_table="webhooks_webhook")

    assert SECRET not in str([(entry.before, entry.after, entry.details) for entry in entries])
    aimed = [entry.details for entry in entries if entry.action == "webhook.url_set"]
    assert [found["host"] for found in aimed if found] == ["127.0.0.1", "127.0.0.1"]
    lists = proven(town.a.owner).get("/admin/webhooks/webhook/").content
    assert SECRET.encode() not in lists


@pytest.mark.django_db
def test_the_page_of_an_older_entry_does_not_show_what_it_still_holds() -> None:
    """The trail is never changed: what was written before the column was masked stays there."""
    old = Entry(object_table="webhooks_webhook", action="update", source="signal")
    telling = EntryPresentation(entry=old, visibility=Visibility(HttpRequest()), personal=None)

    assert telling.value("after", "url", f"https://hooks.example/{SECRET}").state is ValueState.HIDDEN
    assert telling.value("after", "url", "***abcd").text == "***abcd"
    assert telling.value("after", "name", "Ours").text == "Ours"
