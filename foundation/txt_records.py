"""TXT records of the DNS, read through configurable resolvers. Only this module knows dnspython (ADR 74)."""

from collections.abc import Sequence

from dns.exception import DNSException
from dns.nameserver import Do53Nameserver
from dns.rdtypes.ANY.TXT import TXT
from dns.resolver import NXDOMAIN, NoAnswer, Resolver

SECONDS = 5.0  # for all of one lookup: every server, every repetition, and the change to TCP
SECONDS_OF_TRY = 2.0  # for one server's answer
LARGEST_DATAGRAM = 1232  # bytes that we accept by UDP; a longer answer comes by TCP (DNS Flag Day 2020)

Address = tuple[str, int]  # IP address and port


class NotLookedUp(Exception):
    """No answer, so nothing is known about the records: no resolver was reached in time, or each one failed."""


def txt_records(name: str, *, resolvers: Sequence[Address] = ()) -> frozenset[bytes]:
    """Return the TXT records of a name, the strings of each joined; none if the name or its records do not exist.

    ``name`` is absolute and consists of A-labels. Without ``resolvers``, the system's are asked. An alias is followed
    as far as the resolver does it. Raises NotLookedUp, after five seconds at the latest.
    """
    try:
        answer = _resolver(resolvers).resolve(name, "TXT", lifetime=SECONDS, search=False)
    except (NXDOMAIN, NoAnswer):
        return frozenset()
    except (DNSException, OSError) as failed:
        raise NotLookedUp(type(failed).__name__) from failed
    return frozenset(b"".join(record.strings) for record in answer if isinstance(record, TXT))


def _resolver(servers: Sequence[Address]) -> Resolver:
    """Raises NoResolverConfiguration, a DNSException, if the system has no resolver."""
    resolver = Resolver(configure=not servers)
    if servers:
        resolver.nameservers = [Do53Nameserver(ip, port) for ip, port in servers]
    resolver.timeout = SECONDS_OF_TRY
    resolver.use_edns(0, 0, LARGEST_DATAGRAM)
    return resolver
