"""Where webhooks may go: to the internet over TLS, and nowhere else, whatever a name stands for today."""

from typing import Any

import pytest

from foundation import receivers
from foundation.posting import Result
from foundation.receivers import ReceiverRefused
from tests.webhooks.receiver import receiving
from webhooks.messages import Message
from webhooks.models import Webhook
from webhooks.sending import send
from webhooks.signing import encrypted, new_secret


@pytest.fixture
def in_production(settings: Any) -> None:
    settings.WEBHOOKS_ALLOW_LOOPBACK = False


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/", "ftp://example.com/", "https://", "https:///x", "example.com", "", "https://a b/",
        "https://user:password@example.com/", "https://example.com/#part", "https://example.com:99999/",
        "https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1/", "https://192.168.1.1/", "https://172.16.0.1/",
        "https://169.254.169.254/latest/meta-data/", "https://100.64.0.1/", "https://0.0.0.0/", "https://[::]/",
        "https://[fe80::1]/", "https://[fd00::1]/", "https://[::ffff:10.0.0.1]/", "https://[64:ff9b::a00:1]/",
        "https://[2002:a00:1::]/", "https://224.0.0.1/", "https://255.255.255.255/", "http://localhost/",
        "https://example.com/\nX: y", "https://[half", "https://ex\u00e4mple.com/",
    ],
)  # fmt: skip
def test_what_is_no_public_address_over_tls_is_refused(in_production: None, url: str) -> None:
    with pytest.raises(ReceiverRefused):
        receivers.read(url)


def test_public_addresses_are_taken(in_production: None) -> None:
    receiver = receivers.read("https://93.184.215.14:8443/hook?a=b")
    assert (receiver.origin, receiver.target) == (("https", "93.184.215.14", 8443), "/hook?a=b")
    assert receivers.resolve(receiver) == ["93.184.215.14"]


@pytest.mark.parametrize("name", ["localhost", "127.1", "2130706433", "0x7f.1"])
def test_a_name_that_leads_home_is_refused_when_it_is_resolved(in_production: None, name: str) -> None:
    with pytest.raises(ReceiverRefused, match="private network"):
        receivers.resolve(receivers.read(f"https://{name}/"))


def test_nothing_is_sent_to_this_machine_in_production_though_it_was_once_allowed(settings: Any) -> None:
    with receiving() as receiver:
        webhook = Webhook(url=receiver.url)
        webhook.secret = encrypted(new_secret(), webhook)
        message = Message(id="msg_1", kind="x", body=b"{}")
        assert send(webhook, message).fate is Result.TAKEN
        settings.WEBHOOKS_ALLOW_LOOPBACK = False
        webhook.url = receiver.url.replace("http://", "https://").replace("127.0.0.1", "localhost")
        outcome = send(webhook, message)
    assert (outcome.fate, len(receiver.came)) == (Result.NOT_TAKEN, 1)
    assert "private network" in outcome.reason


def test_a_receiver_that_speaks_no_tls_is_not_taken() -> None:
    with receiving() as receiver:
        webhook = Webhook(url=receiver.url.replace("http://", "https://"))
        webhook.secret = encrypted(new_secret(), webhook)
        outcome = send(webhook, Message(id="msg_1", kind="x", body=b"{}"))
    assert outcome.fate is Result.NOT_TAKEN
    assert not receiver.came


def test_a_secret_of_another_row_is_not_opened() -> None:
    webhook = Webhook(url="http://127.0.0.1:1/")
    webhook.secret = encrypted(new_secret(), Webhook())
    assert (
        send(webhook, Message(id="msg_1", kind="x", body=b"{}")).reason == "the secret cannot be decrypted: rotate it"
    )
