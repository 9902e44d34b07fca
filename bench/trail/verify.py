"""How fast the trail is sealed, verified and reduced by a month: `python -m bench.trail.verify`.

Fills its own database with 1,000,000 entries of one month, a third of them with personal values, seals and verifies
them, and removes the month while others write. Prints whether the limits were met, and exits with status 1 if not.
"""

import argparse
import os
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from resource import RUSAGE_SELF, getrusage
from statistics import median
from typing import Any

import psycopg

from bench.ours import Vestibule
from bench.running import Running

LIMIT = 30.0  # seconds to verify a million entries; proportionally less for fewer
MONTH_LIMIT = 1.0  # seconds for which the removal of a month may lock the table
FILL = """
    WITH made AS (
        INSERT INTO audit_entry (
            at, txid, source, action, actor_kind, actor_id, request_id, object_table, object_id, person, tenant_id,
            before, after, personal_digest
        )
        SELECT
            '{since}'::timestamptz + n * interval '1 ms', pg_current_xact_id()::text::bigint, 'signal', 'update',
            'person',
            md5(n::text)::uuid,
            md5((n / 3)::text)::uuid, 'accounts_user', md5(n::text)::uuid, md5(n::text)::uuid, md5((n % 50)::text),
            jsonb_build_object('last_login', now() - n * interval '1 s', 'name', '(personal)', 'is_staff', false),
            jsonb_build_object('last_login', now() - n * interval '2 s', 'name', '(personal)', 'is_staff', true),
            CASE WHEN n % 3 = 0 THEN public.audit_digest(
                md5(n::text)::uuid, '{{"name": "Ada"}}', '{{"name": "Ada Lovelace"}}', NULL, NULL) END
        FROM generate_series(1, {many}) n
        RETURNING id, at, object_id, personal_digest
    )
    INSERT INTO audit_personal (entry_id, at, salt, before, after)
    SELECT id, at, object_id::uuid, '{{"name": "Ada"}}', '{{"name": "Ada Lovelace"}}'
    FROM made WHERE personal_digest IS NOT NULL
"""
AN_OLD_MONTH = """
    ALTER TABLE {parent} DETACH PARTITION {first};
    ALTER TABLE {parent} ATTACH PARTITION {first} FOR VALUES FROM ('{begins}') TO ('{ends}');
    CREATE TABLE {parent}_old (LIKE {parent} INCLUDING DEFAULTS);
    SELECT audit_guard('{parent}_old', '{parent}');
    ALTER TABLE {parent} ATTACH PARTITION {parent}_old FOR VALUES FROM (MINVALUE) TO ('{begins}');
"""
FIRST = "SELECT parent, name, upper FROM audit_months() WHERE name LIKE '%_until_%'"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.trail.verify", description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    arguments = parser.parse_args()
    with Running(Vestibule()) as running:
        os.environ.update(running.environment, DJANGO_SETTINGS_MODULE="config.settings")
        sys.exit(0 if measure(running, arguments.entries) else 1)


def measure(running: Running, many: int) -> bool:
    import django  # noqa: PLC0415  # it reads the environment that was just set

    django.setup()
    from django.db import connection  # noqa: PLC0415

    from audit import canonical  # noqa: PLC0415
    from audit.models import Retention  # noqa: PLC0415
    from audit.retention.removal import remove_due  # noqa: PLC0415
    from audit.sealing.findings import Findings  # noqa: PLC0415
    from audit.sealing.prefetch import prefetch  # noqa: PLC0415
    from audit.sealing.seals import seal  # noqa: PLC0415
    from audit.sealing.verification import Verification  # noqa: PLC0415

    def verify() -> Findings:
        return Verification().read(prefetch(lambda: canonical.stream(personal=True)))

    timed(seal)
    without = min(one_more(running, seal) for _ in range(5))
    fill(running, many)
    say(f"sealing {many:,} entries", timed(seal)[0])
    say("sealing one entry beside them", min(one_more(running, seal) for _ in range(5)))
    say("sealing one entry beside none", without)
    begun = time.process_time() + running.cpu_ms()["postgres"] / 1000
    took, findings = timed(verify)
    limit = LIMIT * many / 1_000_000
    say(f"verifying {findings.entries:,} entries", took, limit)
    say("CPU of that, ours and PostgreSQL's", time.process_time() + running.cpu_ms()["postgres"] / 1000 - begun)
    say(
        "of that, having their lines from the database",
        timed(lambda: sum(1 for _ in canonical.stream(personal=True)))[0],
    )
    sys.stdout.write(f"{'memory, at the most':<50}{getrusage(RUSAGE_SELF).ru_maxrss / 1024:>12,.0f} MB\n")

    Retention.objects.create(tenant_id="", days=370)
    _nothing, undisturbed = beside_a_writer(running, lambda: time.sleep(3))
    month: list[float] = []
    with connection.execute_wrapper(watch("audit_remove_month", month)):
        (removing, done), writes = beside_a_writer(running, lambda: timed(remove_due))
    say(f"removing the month, which held {done.entries:,}", removing)
    say("of that, while it was locked", month[-1], MONTH_LIMIT)
    say("the slowest write meanwhile", max(writes))
    say("the slowest write of three seconds before", max(undisturbed))
    say("the median write meanwhile", median(writes))
    seal()
    is_clean = findings.is_clean and done.months == 1 and verify().is_clean
    connection.close_pool()  # type: ignore[attr-defined]  # of our own backend
    kept = is_clean and took <= limit and month[-1] <= MONTH_LIMIT
    sys.stdout.write("The limits are met.\n" if kept else f"The limits are NOT met: {findings.faults[:3]} {done}\n")
    return kept


def fill(running: Running, many: int) -> None:
    """Write the entries into a month of their own, more than a year ago."""
    old = (datetime.now(UTC) - timedelta(days=430)).isoformat()
    begins = datetime.now(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    with psycopg.connect(running.environment["DATABASE_OWNER_URL"], autocommit=True) as owner:
        for parent, first, ends in owner.execute(FIRST).fetchall():
            owner.execute(AN_OLD_MONTH.format(parent=parent, first=first, begins=begins, ends=ends).encode())
        owner.execute(FILL.format(since=old, many=many).encode())
        owner.execute("VACUUM ANALYZE audit_entry, audit_personal")
        bounds = f"FOR VALUES FROM (MINVALUE) TO ('{begins - timedelta(days=380)}')"
        for parent in ("audit_entry", "audit_personal"):
            owner.execute(f"ALTER TABLE {parent} DETACH PARTITION {parent}_old".encode())
            owner.execute(f"ALTER TABLE {parent} ATTACH PARTITION {parent}_old {bounds}".encode())


def one_more(running: Running, act: Callable[[], object]) -> float:
    with psycopg.connect(running.environment["DATABASE_URL"], autocommit=True) as runtime:
        runtime.execute("INSERT INTO auth_group (name) VALUES (%s)", [f"group {time.monotonic_ns()}"])
    return timed(act)[0]


def beside_a_writer(running: Running, act: Callable[[], Any]) -> tuple[Any, list[float]]:
    """Act while another connection writes continuously. Return the result, and the seconds of each write."""
    over, writes = threading.Event(), list[float]()

    def keep_writing() -> None:
        with psycopg.connect(running.environment["DATABASE_URL"], autocommit=True) as runtime:
            while not over.is_set():
                name = f"writer {time.monotonic_ns()}"
                writes.append(timed(lambda: runtime.execute("INSERT INTO auth_group (name) VALUES (%s)", [name]))[0])  # noqa: B023

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        return act(), writes
    finally:
        over.set()
        writer.join()


def watch(word: str, took: list[float]) -> Callable[..., Any]:
    """Return an execute wrapper that records the seconds of each statement that contains the word."""

    def wrapper(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if word not in sql:
            return execute(sql, *rest)
        seconds, done = timed(lambda: execute(sql, *rest))
        took.append(seconds)
        return done

    return wrapper


def timed(act: Callable[[], Any]) -> tuple[float, Any]:
    begun = time.perf_counter()
    done = act()
    return time.perf_counter() - begun, done


def say(what: str, took: float, limit: float | None = None) -> None:
    bound = f"   (limit {limit:g} s)" if limit else ""
    sys.stdout.write(f"{what:<50}{1000 * took:>12,.1f} ms{bound}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
