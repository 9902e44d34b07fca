"""Detects databases from before the migrations had their present form: there is no upgrade for them (ADR 44)."""

from collections.abc import Collection

from config.variables import CHECKOUT

REWRITTEN = ("accounts", "audit", "jobs", "providers")
FIRST_SINCE = ("jobs", "0001_deferred_tasks")  # so named since tables and columns have their present names


def unknown_in(applied: Collection[tuple[str, str]]) -> list[str]:
    """Return the applied migrations that this checkout no longer has. ``applied`` holds pairs of application and name.

    A newer database has none. If it is ahead of its code, as after a rollback, it has names that the code does not
    know, and that is harmless.
    """
    if FIRST_SINCE in applied:
        return []
    known = {(app, file.stem) for app in REWRITTEN for file in (CHECKOUT / app / "migrations").glob("0*.py")}
    return sorted(f"{app}.{name}" for app, name in applied if app in REWRITTEN and (app, name) not in known)
