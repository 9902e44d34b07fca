"""Checks of the DNS resolvers in the environment: IP addresses, each with a port if it is not 53."""

import re
from ipaddress import ip_address
from typing import Annotated

from pydantic import BeforeValidator, Field

from config.issuers import split

PORT = 53
WITH_PORT = re.compile(r"(?:(?P<v4>[\d.]+)|\[(?P<v6>[\da-fA-F:.]+)\]):(?P<port>\d{1,5})", re.ASCII)

Address = tuple[str, int]  # IP address and port


def read(text: str) -> Address:
    """Return IP address and port of ``192.0.2.1``, ``192.0.2.1:5353``, ``2001:db8::1`` or ``[2001:db8::1]:5353``.

    Raises ValueError.
    """
    found = WITH_PORT.fullmatch(text)
    host, port = (found["v4"] or found["v6"], int(found["port"])) if found else (text, PORT)
    try:
        address = ip_address(host)
    except ValueError:
        address = None
    if address is None or not 0 < port < 65536:
        raise ValueError(f"{text!r}: must be an IP address, with :port if it is not {PORT}")
    return str(address), port


def _read_all(value: object) -> object:
    texts = split(value)
    return [read(text) if isinstance(text, str) else text for text in texts] if isinstance(texts, list) else texts


Resolvers = Annotated[
    list[Address],
    BeforeValidator(_read_all),
    Field(description="IP addresses, each with :port if it is not 53, asked for the records of domains; "
          "default the system's"),
]  # fmt: skip
