"""URLs that others have chosen: they must be public ones over TLS, so that none leads to internal servers.

They receive webhooks and logout tokens, or belong to a connection. An administrator of a tenant chooses the URL, and
its host name may resolve to something else at any time (server-side request forgery, DNS rebinding). So we resolve the
name for each call, require that all its addresses are public, and connect to the very address that was checked.
"""

import http.client
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from foundation import names
from foundation.outgoing import Budget, Origin, connect, origin_of

Address = IPv4Address | IPv6Address
TRANSLATED = IPv6Network("64:ff9b::/96")  # NAT64: the last four bytes are an IPv4 address (RFC 6052)
UNICAST = IPv6Network("2000::/3")  # all IPv6 addresses that are allocated on the internet (RFC 4291, section 2.4)
LONGEST_LOOKUP = 5.0  # seconds to resolve a host name
# IANA's registries of special-purpose addresses (RFC 6890), and the metadata services of clouds. Python's own list
# depends on its version and does not include those of clouds.
SPECIAL = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
        "192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16",
        "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "168.63.129.16/32",  # Azure; Alibaba's is in 100.64.0.0/10, those of other clouds in 169.254.0.0/16
        "::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/23", "2001:db8::/32",
        "2620:4f:8000::/48", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
    )
)  # fmt: skip


class ReceiverRefused(Exception):
    """The URL or its address must not be called; the text says why."""

    def __init__(self, reason: str | Promise) -> None:
        super().__init__(str(reason))
        self.why = reason


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """A URL that passed the checks: its origin, and the request target (path and query)."""

    origin: Origin
    target: str


def read(url: str) -> Receiver:
    """Parse a URL and check it without resolving its host name. Raises ReceiverRefused."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ReceiverRefused(_("This is not an address.")) from None
    host = parts.hostname or ""
    if parts.scheme not in {"https", "http"} or not host or not url.isascii() or not url.isprintable() or " " in url:
        raise ReceiverRefused(_("This is not an address that begins with https://"))
    if parts.username is not None or parts.fragment:
        raise ReceiverRefused(_("Neither a password nor a fragment (#) belongs in the address."))
    if parts.scheme == "http" and not (settings.WEBHOOKS_ALLOW_LOOPBACK and _is_loopback(host)):
        raise ReceiverRefused(_("The address must begin with https:// so that nobody on the way can read along."))
    literal = _literal(host)
    if literal is not None:
        _check(literal)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Receiver(origin=origin_of(parts.scheme, host, port), target=target)


def resolve(receiver: Receiver, *, seconds: float = LONGEST_LOOKUP) -> list[str]:
    """Return the IP addresses of a receiver's host name.

    Raises ReceiverRefused if one of them must not be called, OSError, and Exceeded if the look-up takes too long.
    """
    _, host, port = receiver.origin
    addresses = list(dict.fromkeys(names.look_up(host, port, seconds=min(seconds, LONGEST_LOOKUP))))
    for address in addresses:
        _check(ip_address(address.partition("%")[0]))
    return addresses


def connect_outward(url: str, budget: Budget) -> http.client.HTTPConnection:
    """Open a connection to a URL's host, trying each of its addresses in turn: some may not be reachable from here.

    Raises ReceiverRefused, Exceeded, and OSError if none of them answers.
    """
    receiver = read(url)
    failed: OSError | None = None
    for address in resolve(receiver, seconds=budget.seconds_left()):
        try:
            return connect(receiver.origin, budget, ip=address)
        except OSError as broken:
            failed = broken
    raise failed or OSError("no address")


def _check(ip: Address) -> None:
    if settings.WEBHOOKS_ALLOW_LOOPBACK and ip.is_loopback:
        return
    if not _is_public(ip):
        raise ReceiverRefused(_("This address leads into a private network, which is not called from here."))


def _is_public(ip: Address) -> bool:
    """Whether an IP address is public. An IPv6 address that contains an IPv4 address is judged by that one, too."""
    if any(ip in network for network in SPECIAL):
        return False
    if isinstance(ip, IPv6Address):
        inner = _within(ip)
        if inner is not None:
            return _is_public(inner)
        if ip not in UNICAST:
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _within(ip: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address contains, if any: NAT64, IPv4-mapped or 6to4."""
    if ip in TRANSLATED:
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    literal = _literal(host)
    return host == "localhost" or (literal is not None and literal.is_loopback)
