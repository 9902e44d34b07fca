"""Checks of the servers' URLs and of client credentials. The texts of faults repeat no secret."""

from urllib.parse import urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

LAST_PORT = 65_535
POSTGRESQL = ("postgresql://", "postgres://")
REDIS = ("redis://", "rediss://")


def fault_of_postgresql(url: str) -> str | None:
    """Return why a URL of PostgreSQL cannot work, or None. Several hosts have a port each, or share one (libpq)."""
    if not url.startswith(POSTGRESQL):
        return f"must begin with {' or '.join(POSTGRESQL)}"
    try:
        options = conninfo_to_dict(url)
    except ProgrammingError:
        return "is not a PostgreSQL URL"
    if not (options.get("dbname") or options.get("service")):
        return "names no database: postgresql://role:password@host/database"
    ports = str(options.get("port") or "").split(",")
    return None if all(not port or _is_port(port) for port in ports) else "has an invalid port"


def fault_of_redis(url: str) -> str | None:
    if not url.startswith(REDIS):
        return f"must begin with {' or '.join(REDIS)}"
    try:
        parts = urlsplit(url)
        is_port = parts.port is None or parts.port > 0
    except ValueError:
        is_port = False
    if not is_port:
        return "is not a Redis URL"
    number = parts.path.removeprefix("/")
    return None if not number or (number.isascii() and number.isdecimal()) else "must name the database by its number"


def fault_of_credential(text: str) -> str | None:
    """Return why a client id or secret is invalid (RFC 6749, appendix A.1 and A.2: printable ASCII), or None."""
    if text.isascii() and text.isprintable() and text == text.strip():
        return None
    return "has characters that are not allowed in it, or spaces around it"


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < int(text) <= LAST_PORT
