"""What has been written in the transaction of a test: the rows of every table, and the trail of their changes."""

from functools import cache

from foundation.rows import fetch_all
from tenancy import site_context

TABLES = """
    SELECT oid::regclass::text FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname NOT LIKE 'audit\\_%%'
        AND has_table_privilege(oid, 'SELECT')
    ORDER BY 1
"""
CHANGES = "SELECT 'changes', count(*) FROM audit_entry WHERE source <> 'event'"


def written() -> dict[str, int]:
    """Return the number of rows of each table, and of changes in the trail, without its events."""
    with site_context("a test counts the rows"):
        return {str(table): int(count) for table, count in fetch_all(_query(), {})}


@cache
def _query() -> str:
    counts = [f"SELECT '{table}', count(*) FROM {table}" for (table,) in fetch_all(TABLES, {})]  # noqa: S608  # our own names
    return " UNION ALL ".join([*counts, CHANGES])
