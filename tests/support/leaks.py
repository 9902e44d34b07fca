"""Searches for leaked secrets in every column of every table, in all of Redis, and in the logs.

A secret is searched for as it is, and as base64 and hexadecimal, as it appears in byte columns and in signed texts.
"""

import base64
import logging
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import StringIO
from typing import Any
from urllib.parse import quote

import psycopg
import structlog
from psycopg import sql
from redis import Redis

from config.logs import PROCESSORS
from tests.support.product import PACKAGES
from tests.support.servers import Servers

COLUMNS = """
    SELECT c.table_name, c.column_name FROM information_schema.columns c
    JOIN information_schema.tables t USING (table_schema, table_name)
    WHERE t.table_schema = 'public' AND t.table_type = 'BASE TABLE'
"""


def in_tables(servers: Servers, secrets: Mapping[str, str]) -> set[tuple[str, str]]:
    """Return where secrets were found, as (name of the secret, table.column). The superuser reads past all policies."""
    found = set()
    with psycopg.connect(servers.superuser_url) as superuser:
        for table, column in superuser.execute(COLUMNS).fetchall():
            query = sql.SQL("SELECT {}::text FROM {}").format(sql.Identifier(column), sql.Identifier(table))
            texts = [text for (text,) in superuser.execute(query) if text]
            found |= {(name, f"{table}.{column}") for name in _named("\n".join(texts), secrets)}
    return found


def in_redis(url: str, secrets: Mapping[str, str]) -> set[tuple[str, str]]:
    """Return which secrets were found in Redis, as (name of the secret, key). The keys are searched as well."""
    redis = Redis.from_url(url)
    found = set()
    try:
        for key in redis.scan_iter(count=1000):
            whole = f"{key.decode(errors='replace')}\n{_text(redis, key)}"
            found |= {(name, key.decode(errors="replace")) for name in _named(whole, secrets)}
    finally:
        redis.close()
    return found


@contextmanager
def log_of_everything() -> Iterator[StringIO]:
    """Give the product's log from now on, with its own processors, and with our debug lines."""
    stream = StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=PROCESSORS,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root, ours = logging.getLogger(), [logging.getLogger(app) for app in PACKAGES]
    levels = [(logger, logger.level) for logger in (root, *ours)]
    root.addHandler(handler)
    root.setLevel(min(root.level, logging.INFO))
    for logger in ours:
        logger.setLevel(logging.DEBUG)
    try:
        yield stream
    finally:
        root.removeHandler(handler)
        for logger, level in levels:
            logger.setLevel(level)


def in_text(text: str, secrets: Mapping[str, str]) -> set[str]:
    return set(_named(text, secrets))


def _named(text: str, secrets: Mapping[str, str]) -> Iterator[str]:
    return (name for name, secret in secrets.items() if any(form in text for form in _forms(secret)))


def _forms(secret: str) -> Iterable[str]:
    """Return the base64 forms of a text inside a longer one: its middle depends only on the offset modulo three."""
    raw = secret.encode()
    yield secret
    yield quote(secret, safe="")
    yield raw.hex()
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw).decode().rstrip("=")
        middle = encoded[4 if shift else 0 : -2]
        yield middle
        yield middle.replace("+", "-").replace("/", "_")


def _text(redis: Any, key: bytes) -> str:
    read = {
        b"string": redis.get,
        b"hash": redis.hgetall,
        b"list": lambda name: redis.lrange(name, 0, -1),
        b"set": redis.smembers,
        b"zset": lambda name: redis.zrange(name, 0, -1),
    }[redis.type(key)]
    value = read(key)
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
