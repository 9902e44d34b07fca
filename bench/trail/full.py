"""`python -m bench.trail.full`: whether a write is slower beside 5,000,000 entries than beside none."""

import argparse
import os
import signal
import sys
from datetime import UTC, datetime

from psycopg import sql

from bench.goals import Goal, Limits
from bench.running import DATABASE
from bench.table import lines, text
from bench.trail.cost import head, keep, leave, say, side_by_side
from bench.trail.run import BULK, Plan, carry_out
from bench.trail.targets import Empty, WithTrail
from bench.trail.writer import WRITES
from bench.trail.writing import Writer
from bench.wire import Unexpected
from config.embedded.child import CannotStart
from config.variables import CHECKOUT

# Entries of this month by half a million people who changed a million objects, each in its own request.
FILL = """
    INSERT INTO audit_entry (
        at, txid, request_id, source, action, actor_kind, actor_id, object_table, object_id, person, before, after
    )
    SELECT
        date_trunc('month', now()) + (now() - date_trunc('month', now())) * (i::float8 / {entries}),
        1, gen_random_uuid(), 'signal', 'update', 'person', md5((i % 500000)::text)::uuid::text,
        CASE i % 4 WHEN 0 THEN 'shop_customer' ELSE 'shop_item' END, (i::bigint * 7919 % 1000000)::text,
        CASE i % 4 WHEN 0 THEN md5((i % 300000)::text)::uuid::text END,
        '{{"price": 1}}', jsonb_build_object('price', i)
    FROM generate_series(1, {entries}) i
"""
INDEXES = """
    SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
    WHERE i.indrelid = 'audit_entry'::regclass AND NOT i.indisprimary
"""


def main() -> int:
    os.chdir(CHECKOUT)
    signal.signal(signal.SIGTERM, leave)
    parser = argparse.ArgumentParser(prog="python -m bench.trail.full", description=__doc__)
    parser.add_argument("--entries", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=80)
    parser.add_argument("--bulk-rounds", type=int, default=5)
    arguments = parser.parse_args()
    plan = Plan(rounds=arguments.rounds, times=10, rows=5000, bulk_rounds=arguments.bulk_rounds)
    begun = datetime.now(tz=UTC)
    try:
        outcome = carry_out([WithTrail(), Empty()], plan, say, lambda writer: fill(writer, arguments.entries))
    except (CannotStart, Unexpected) as failed:
        say(f"the benchmark failed: {failed}")
        return 1
    keep("trail-full", outcome, plan, begun)
    goals = [
        Goal(number=10, what=what, unit=unit, ours=what, theirs=what, peers={Empty.name: Limits(must=1.1)})
        for what, unit in (*((write, "µs") for write in WRITES), *((write, "ms") for write in BULK))
    ]
    judged = lines(goals, outcome.figures, [Empty.name])
    title = f"{head(plan, begun)} Beside an empty trail: one of {arguments.entries} entries."
    sys.stdout.write("\n\n".join([title, text(judged), side_by_side(outcome)]) + "\n")
    return 0


def fill(writer: Writer, entries: int) -> None:
    if writer.target.name == Empty.name:
        return
    say(f"writing {entries} entries")
    with writer.running.postgres.connect(DATABASE) as connection:
        found = connection.execute(INDEXES).fetchall()
        for name, _definition in found:
            connection.execute(sql.SQL("DROP INDEX {}").format(sql.Identifier(name)))
        connection.execute(sql.SQL(FILL).format(entries=sql.Literal(entries)))
        connection.execute("SET maintenance_work_mem = '256MB'")
        for _name, definition in found:
            connection.execute(definition)
        connection.execute("VACUUM (ANALYZE) audit_entry")
        connection.execute("CHECKPOINT")


if __name__ == "__main__":
    sys.exit(main())
