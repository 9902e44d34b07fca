"""What of the addresses of servers, and of what we are at providers, can never work, said without repeating secrets."""

from urllib.parse import urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

LAST_PORT = 65_535
POSTGRESQL = ("postgresql://", "postgres://")
REDIS = ("redis://", "rediss://")


def fault_of_postgresql(url: str) -> str | None:
    """As libpq reads it; several hosts have a port each, or share one."""
    if not url.startswith(POSTGRESQL):
        return f"must begin with {' or '.join(POSTGRESQL)}"
    try:
        told = conninfo_to_dict(url)
    except ProgrammingError:
        return "is not a PostgreSQL URL"
    if not (told.get("dbname") or told.get("service")):
        return "names no database: postgresql://role:password@host/database"
    ports = str(told.get("port") or "").split(",")
    return None if all(not port or _is_port(port) for port in ports) else "has a port that is none"


def fault_of_redis(url: str) -> str | None:
    if not url.startswith(REDIS):
        return f"must begin with {' or '.join(REDIS)}"
    try:
        parts = urlsplit(url)
        is_port = parts.port is None or parts.port > 0
    except ValueError:
        is_port = False
    if not is_port:
        return "is not a URL of a Redis server"
    number = parts.path.removeprefix("/")
    return None if not number or (number.isascii() and number.isdecimal()) else "names no database by its number"


def fault_of_credential(text: str) -> str | None:
    """Return why a client's id or secret is none (RFC 6749, appendix A.1 and A.2): visible letters of ASCII."""
    if text.isascii() and text.isprintable() and text == text.strip():
        return None
    return "has letters that none of its kind has, or blanks around it"


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < int(text) <= LAST_PORT
