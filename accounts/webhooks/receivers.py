"""Which addresses may receive webhooks: public ones over TLS, so that nobody reaches inwards through us.

A tenant's administrator chooses the address, and what stands behind its name may change at any time (server-side
request forgery, DNS rebinding). So the name is resolved by us, at each sending; all that it resolves to must be
public; and the connection is opened to what was looked at.
"""

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.outgoing import Origin, origin_of

Address = IPv4Address | IPv6Address
TRANSLATED = IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in the last four bytes


class NoReceiver(Exception):
    """An address that must not be called; the text says why."""

    def __init__(self, why: str | Promise) -> None:
        super().__init__(str(why))
        self.why = why


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """An address that was looked at: where it is, and what is asked for there."""

    origin: Origin
    target: str


def read(url: str) -> Receiver:
    """Look at an address as it is written. Raises NoReceiver."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise NoReceiver(_("This is not an address.")) from None
    host = parts.hostname or ""
    if parts.scheme not in {"https", "http"} or not host or not url.isascii() or not url.isprintable() or " " in url:
        raise NoReceiver(_("This is not an address that begins with https://"))
    if parts.username is not None or parts.fragment:
        raise NoReceiver(_("Neither a password nor a fragment (#) belongs in the address."))
    if parts.scheme == "http" and not (settings.WEBHOOKS_MAY_STAY_HOME and _is_home(host)):
        raise NoReceiver(_("The address must begin with https:// so that nobody on the way can read along."))
    literal = _literal(host)
    if literal is not None:
        _check(literal)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Receiver(origin=origin_of(parts.scheme, host, port), target=target)


def resolve(receiver: Receiver) -> list[str]:
    """Return the addresses behind a receiver's name. Raises NoReceiver if any must not be called, or OSError."""
    _, host, port = receiver.origin
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(where[0]) for _family, _type, _proto, _name, where in found))
    for address in addresses:
        _check(ip_address(address.partition("%")[0]))
    return addresses


def _check(address: Address) -> None:
    if settings.WEBHOOKS_MAY_STAY_HOME and address.is_loopback:
        return
    if not _is_public(address):
        raise NoReceiver(_("This address leads into a private network, where webhooks do not go."))


def _is_public(address: Address) -> bool:
    """Whether an address is the internet's, in whatever dress: IPv6 has several for addresses of IPv4."""
    if isinstance(address, IPv6Address):
        teredo = address.teredo[1] if address.teredo else None
        inner = address.ipv4_mapped or address.sixtofour or teredo
        if address in TRANSLATED:
            inner = IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return _is_public(inner)
    return address.is_global and not address.is_multicast and not address.is_reserved


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _is_home(host: str) -> bool:
    literal = _literal(host)
    return host == "localhost" or (literal is not None and literal.is_loopback)
