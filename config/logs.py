"""The format of the log: one line for each event, with the id of its request."""

import re
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.typing import Processor

from audit.context import current

Fields = MutableMapping[str, Any]
SLASH = "(?:/|%(?:25)*2F)"  # percent-encoded in a URL within a URL, perhaps more than once
MAILED_LINK = re.compile(rf"({SLASH}accounts{SLASH}(?:links|invitation{SLASH}[\w-]+){SLASH})[\w-]+", re.IGNORECASE)


def add_circumstances(logger: object, method: str, fields: Fields) -> Fields:
    """Add the request's id, so that log, trail and page can be correlated."""
    if request_id := current().request_id:
        fields.setdefault("request_id", str(request_id))
    return fields


def hide_mailed_links(logger: object, method: str, fields: Fields) -> Fields:
    """Remove the secrets of mailed links: people who read the log must not be able to use them."""
    for name, value in fields.items():
        if isinstance(value, str) and "accounts" in value:
            fields[name] = MAILED_LINK.sub(r"\1…", value)
    return fields


def keep_to_one_line(logger: object, method: str, fields: Fields) -> Fields:
    """Replace unprintable characters in clients' input: with a line break they could forge lines of the log."""
    for name, value in fields.items():
        if isinstance(value, str) and not value.isprintable() and name != "exception":
            fields[name] = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in value)
    return fields


PROCESSORS: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    add_circumstances,
    hide_mailed_links,
    keep_to_one_line,
]
