"""Databases made by an older commit, before the migrations were as they stand: they have no way over (ADR 44)."""

from collections.abc import Collection

from config.variables import CHECKOUT

REWRITTEN = ("accounts", "audit", "jobs", "providers")
FIRST_SINCE = ("jobs", "0001_deferred_tasks")  # so called since tables and columns have their present names


def unknown_in(applied: Collection[tuple[str, str]]) -> list[str]:
    """Return which migrations, of those that a database has as (application, name), are gone from this checkout.

    None are where the database was made since: one that is ahead of its code, as after an upgrade was taken back, has
    names that the code does not know, and that is no harm.
    """
    if FIRST_SINCE in applied:
        return []
    known = {(app, file.stem) for app in REWRITTEN for file in (CHECKOUT / app / "migrations").glob("0*.py")}
    return sorted(f"{app}.{name}" for app, name in applied if app in REWRITTEN and (app, name) not in known)
