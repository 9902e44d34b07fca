"""Host names, IP addresses and origins as browsers write them in their headers."""

import re
from ipaddress import IPv6Address, ip_address

import idna

USUAL_PORTS = {"https": ":443", "http": ":80"}
LAST_PORT = 65_535
ORIGIN = re.compile(r"(https?)://(\[[0-9a-f:]+\]|[a-z0-9.-]+)(?::([1-9][0-9]{0,4}))?\Z")
# One label of a host name that both Django and browsers accept: no underscore, and no hyphen at either end.
LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")
LONGEST_NAME = 253  # RFC 1035, section 2.3.4, in its written form
NUMBER = re.compile(r"(?:[0-9]+|0x[0-9a-f]*)\Z")  # a last label with which the host is an IPv4 address (WHATWG URL)
A_LABEL = "xn--"


def is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def is_origin(text: str) -> bool:
    """Whether it is the origin of a page as browsers send it (RFC 6454, section 6.2): of https, or http on loopback."""
    found = ORIGIN.match(text)
    if found is None or not is_host(found[2]) or text.endswith(USUAL_PORTS[found[1]]):
        return False
    is_safe = found[1] == "https" or is_loopback(found[2].strip("[]"))
    return is_safe and int(found[3] or 1) <= LAST_PORT


def host_in(origin: str) -> str:
    """Return the name or the IP address in an origin; an empty text for anything else."""
    found = ORIGIN.match(origin)
    return found[2] if found else ""


def is_host(host: str) -> bool:
    """Whether it is a name or an IP address as browsers write it in a Host header."""
    if host.startswith("["):
        return _is_ipv6(host)
    return _is_ipv4(host) if NUMBER.match(host.rpartition(".")[2]) else is_name(host)


def is_name(name: str) -> bool:
    return len(name) <= LONGEST_NAME and all(_is_label(label) for label in name.split("."))


def _is_label(label: str) -> bool:
    if not LABEL.match(label):
        return False
    try:
        return not label.startswith(A_LABEL) or bool(idna.ulabel(label))
    except idna.IDNAError:
        return False


def _is_ipv4(host: str) -> bool:
    try:
        return str(ip_address(host)) == host
    except ValueError:
        return False


def _is_ipv6(host: str) -> bool:
    """Browsers compress an IPv6 address, and write no part of it in dotted form."""
    try:
        address = IPv6Address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return "." not in host and host == f"[{address.compressed}]"
