"""The client according to proxies: one header counts, from trusted proxies, and all others are removed.

The kind of fault: a header that no proxy of ours sets is believed, so that clients can forge their address, or one
that is set is not understood, so that all people of a site have one address.
"""

from ipaddress import ip_network
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from config import proxies

CLIENT, PROXY, OUTER = "203.0.113.7", "10.0.0.1", "10.0.0.2"
OTHERS = {  # headers that a client can send, and that a proxy with only one header passes on
    "X-Forwarded-For": "198.51.100.1",
    "Forwarded": "for=198.51.100.1;proto=https;host=evil.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "1",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded": "for=198.51.100.1",
    "Forwarded-For": "198.51.100.1",
    "X-Real-IP": "198.51.100.1",
    "X-Client-IP": "198.51.100.1",
    "Client-IP": "198.51.100.1",
    "True-Client-IP": "198.51.100.1",
    "CF-Connecting-IP": "198.51.100.1",
    "X-Original-Forwarded-For": "198.51.100.1",
    "X-Original-Host": "evil.example",
    "Front-End-Https": "on",
}


@pytest.fixture(autouse=True)
def _behind_proxies(settings: Any) -> None:
    settings.TRUSTED_PROXIES = [ip_network("10.0.0.0/8"), ip_network("2001:db8:ffff::/48")]


def seen(headers: dict[str, str], *, peer: str = PROXY) -> HttpRequest:
    """Return the request as it is after the middleware."""
    found: list[HttpRequest] = []

    def view(request: HttpRequest) -> HttpResponse:
        found.append(request)
        return HttpResponse()

    proxies.forwarding(view)(RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer))
    return found[0]


def address(header: str, told: str, settings: Any, *, peer: str = PROXY) -> str:
    settings.FORWARDING_HEADER = header
    return str(seen({header: told}, peer=peer).META["REMOTE_ADDR"])


@pytest.mark.parametrize(
    ("told", "address_is"),
    [
        (CLIENT, CLIENT),
        (f"{CLIENT}:51234", CLIENT),
        ("[2001:db8::7]:51234", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("2001:db8::7", "2001:db8::7"),
        (f"::ffff:{CLIENT}", CLIENT),
        (f"198.51.100.1, {CLIENT}", CLIENT),
        (f"198.51.100.1,{CLIENT}:1, {OUTER}:443", CLIENT),
        (f'198.51.100.1, "{CLIENT}"', PROXY),
        (f"{CLIENT}, [{OUTER}]", PROXY),
        (f"{CLIENT}:", PROXY),
        (f"{CLIENT}:port", PROXY),
        ("[2001:db8::7", PROXY),
        ("[2001:db8::7]x", PROXY),
        ("fe80::1%eth0", PROXY),
        ("unknown", PROXY),
        (f"{OUTER}, {PROXY}", PROXY),
        ("", PROXY),
    ],
)
@pytest.mark.promise(40)
def test_x_forwarded_for_is_read_with_ports_and_in_brackets(settings: Any, told: str, address_is: str) -> None:
    """The kind of fault: the format of some proxy (Azure's gateway adds the port) is not understood."""
    assert address("X-Forwarded-For", told, settings) == address_is


@pytest.mark.parametrize(
    ("told", "address_is"),
    [
        (f"for={CLIENT}", CLIENT),
        (f"For={CLIENT};Proto=https;by={PROXY}", CLIENT),
        (f'for="{CLIENT}:51234"', CLIENT),
        (f"for={CLIENT}:51234", CLIENT),
        ('for="[2001:db8::7]:51234"', "2001:db8::7"),
        ("for=[2001:db8::7]", "2001:db8::7"),
        (f'for=198.51.100.1, for={CLIENT}, for="{OUTER}:1"; proto=http', CLIENT),
        (f'for="198.51.100.1, for={CLIENT}', CLIENT),
        (f'for={CLIENT};host="a, for=198.51.100.1"', PROXY),
        (f'for={CLIENT};host="a, for=198.51.100.1, b"', PROXY),
        (f'for={CLIENT};host="a, for=198.51.100.1;b=\\"c\\""', PROXY),
        (f"for=198.51.100.1;for={CLIENT}", PROXY),
        ("for=unknown", PROXY),
        ("for=_hidden", PROXY),
        ("proto=https", PROXY),
        (CLIENT, PROXY),
        (f"for={CLIENT};" + "x=" + "y" * 5000, PROXY),
    ],
)
@pytest.mark.promise(40)
def test_forwarded_is_parsed_as_in_rfc_7239(settings: Any, told: str, address_is: str) -> None:
    assert address("Forwarded", told, settings) == address_is


@pytest.mark.parametrize("chosen", proxies.HEADERS)
@pytest.mark.promise(40)
def test_every_other_header_is_removed_even_from_a_trusted_proxy(settings: Any, chosen: str) -> None:
    """The kind of fault: a proxy sets the header that it knows, and passes on all others that the client has sent."""
    settings.FORWARDING_HEADER = chosen
    others = {name: value for name, value in OTHERS.items() if name != chosen}
    if chosen == "X-Forwarded-For":
        del others["X-Forwarded-Proto"]  # our proxies set it together with X-Forwarded-For
    request = seen(others)

    assert request.META["REMOTE_ADDR"] == PROXY
    assert request.scheme == "http"
    told = {"X-Forwarded-For": CLIENT, "Forwarded": f"for={CLIENT}"}[chosen]
    request = seen({**others, chosen: told})
    assert request.META["REMOTE_ADDR"] == CLIENT
    assert request.scheme == "http"
    assert not {name for name in OTHERS if name in request.headers}, "and nothing of it is left for anybody to read"


@pytest.mark.parametrize("chosen", proxies.HEADERS)
@pytest.mark.parametrize("peer", [CLIENT, "", "2001:db8::1"])
@pytest.mark.promise(40)
def test_no_other_client_is_believed(settings: Any, chosen: str, peer: str) -> None:
    settings.FORWARDING_HEADER = chosen
    request = seen(OTHERS, peer=peer)

    assert request.META["REMOTE_ADDR"] == peer
    assert request.scheme == "http"
    assert not {name for name in OTHERS if name in request.headers}


@pytest.mark.parametrize(
    ("chosen", "headers", "scheme"),
    [
        ("X-Forwarded-For", {"X-Forwarded-For": CLIENT, "X-Forwarded-Proto": "https"}, "https"),
        ("X-Forwarded-For", {"X-Forwarded-For": CLIENT, "Forwarded": f"for={CLIENT};proto=https"}, "http"),
        ("Forwarded", {"Forwarded": f"for={CLIENT};proto=https"}, "https"),
        ("Forwarded", {"Forwarded": f"for={CLIENT};proto=https, for={OUTER};proto=http"}, "https"),
        ("Forwarded", {"Forwarded": f"for=198.51.100.1;proto=https, for={CLIENT};proto=http"}, "http"),
        ("Forwarded", {"Forwarded": f"for={CLIENT}", "X-Forwarded-Proto": "https"}, "http"),
    ],
)
@pytest.mark.promise(40)
def test_the_scheme_comes_from_the_same_proxy(settings: Any, chosen: str, headers: dict[str, str], scheme: str) -> None:
    """The kind of fault: the address is from one proxy, and the scheme from elsewhere."""
    settings.FORWARDING_HEADER = chosen

    assert seen(headers).scheme == scheme


@pytest.mark.parametrize("peer", ["::ffff:10.0.0.1", "2001:db8:ffff::1"])
@pytest.mark.promise(40)
def test_a_proxy_is_recognised_by_ipv4_and_by_ipv6(settings: Any, peer: str) -> None:
    assert address("X-Forwarded-For", CLIENT, settings, peer=peer) == CLIENT
