"""Turns ``EMAIL_URL`` into Django's mail settings, and finds what is wrong with it."""

import re
from dataclasses import dataclass, field
from email.utils import getaddresses, parseaddr
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from foundation.canonical_email import canonical_or_none

CONSOLE = "console"
THIS_MACHINE = {"localhost", "127.0.0.1", "::1"}
HOST = re.compile(r"[A-Za-z0-9._:-]+\Z")
AS_IF = "example"  # completes a short host name, which a site's own mail server may resolve
PORTS = {"smtp": 587, "smtps": 465}


@dataclass(frozen=True, kw_only=True)
class Way:
    """Django's mail backend and its connection to the mail server."""

    backend: str
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = field(default="", repr=False)
    speaks_tls: bool = False
    starts_tls: bool = False


def read(url: str) -> Way:
    """Read an ``EMAIL_URL`` that has no fault. If it is empty, Django's dummy backend discards all mail."""
    parts = urlsplit(url)
    if parts.scheme == CONSOLE:
        return Way(backend="config.console_mail.ConsoleEmailBackend")
    if not url:
        return Way(backend="django.core.mail.backends.dummy.EmailBackend")
    return Way(
        backend="config.smtp.SMTPEmailBackend",
        host=parts.hostname or "",
        port=parts.port or PORTS[parts.scheme],
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        speaks_tls=parts.scheme == "smtps",
        starts_tls=_starts_tls(parts),
    )


def fault(url: str, *, is_development: bool) -> str | None:
    """Return what is wrong with the URL, or None. The text does not repeat the URL, which contains a password."""
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        return "is not a URL"
    if parts.scheme == CONSOLE:
        return None if is_development else "console: writes links that open accounts into the log: development only"
    if parts.scheme not in PORTS or not parts.hostname or not port_is_fine:
        return "must be smtp://… or smtps://… with a host, or console: in development"
    return _fault_of_server(parts)


def _fault_of_server(parts: SplitResult) -> str | None:
    if not HOST.match(parts.hostname or "") or parts.path not in {"", "/"} or parts.fragment:
        return "must name a host and nothing after it, such as smtp://user:password@mail.example.com:587"
    if bool(parts.username) != bool(parts.password):
        return "must have both a user and a password, or neither"
    asked = parse_qs(parts.query, keep_blank_values=True)
    if parts.scheme == "smtps" and asked:
        return "speaks TLS from the first byte: tls=… is for smtp://"
    if set(asked) - {"tls"} or asked.get("tls", ["starttls"]) not in (["starttls"], ["none"]):
        return "knows one option, tls=starttls or tls=none"
    if parts.scheme == "smtp" and not _starts_tls(parts) and parts.hostname not in THIS_MACHINE:
        return "would send mail in clear: leave tls=starttls, or use smtps://"
    return None


def fault_of_sender(sender: str) -> str | None:
    """Return why mail can never be sent from this address, ``a@b`` or ``Name <a@b>``, or None."""
    _name, address = parseaddr(sender)
    is_whole = sender.isprintable() and (sender == address or sender.endswith(f"<{address}>"))
    if (
        is_whole
        and len(getaddresses([sender])) == 1
        and (canonical_or_none(address) or canonical_or_none(f"{address}.{AS_IF}"))
    ):
        return None
    return "must be an address, or a name with an address: Vestibule <no-reply@id.example.com>"


def _starts_tls(parts: SplitResult) -> bool:
    """The default is to start TLS, except for a server on this machine."""
    asked = parse_qs(parts.query).get("tls")
    if parts.scheme != "smtp":
        return False
    return asked == ["starttls"] if asked else parts.hostname not in THIS_MACHINE
