"""The kinds of write that bypass Django's models: handwritten SQL in every form that PostgreSQL accepts."""

from django.db import connection
from psycopg import sql

from audit.comment import comment
from tests.audit.writes import KINDS, Cast, by


def execute(statement: str | sql.Composable, *params: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params or None)  # type: ignore[arg-type]  # psycopg's composed statements work too


@by("ddd")
def write_raw_sql(cast: Cast) -> None:
    execute("INSERT INTO auth_group (name) VALUES (%s)", "raw")
    execute("  update auth_group SET name = 'raw%' WHERE name = 'raw'")
    execute(sql.SQL("DELETE FROM {} WHERE name = 'raw%'").format(sql.Identifier("auth_group")))


@by("dd")
def execute_many(cast: Cast) -> None:
    with connection.cursor() as cursor:
        cursor.executemany("INSERT INTO auth_group (name) VALUES (%s)", [["m1"], ["m2"]])


@by("dd")
def copy(cast: Cast) -> None:
    with connection.cursor() as cursor, cursor.copy(comment() + "COPY auth_group (name) FROM STDIN") as rows:
        rows.write_row(["c1"])
        rows.write_row(["c2"])


@by("dd")
def write_in_a_common_table_expression(cast: Cast) -> None:
    execute(
        "WITH gone AS (DELETE FROM accounts_identity RETURNING user_id) "
        "UPDATE accounts_user SET is_staff = true WHERE id IN (SELECT user_id FROM gone)"
    )


@by("dd")
def merge(cast: Cast) -> None:
    execute(
        "MERGE INTO auth_group g USING (VALUES (%s, 'merged'), ('unknown', 'x')) v(old, new) ON g.name = v.old "
        "WHEN MATCHED THEN UPDATE SET name = v.new WHEN NOT MATCHED THEN INSERT (name) VALUES (v.old)",
        cast.guests.name,
    )


@by("d")
def run_an_anonymous_block(cast: Cast) -> None:
    execute("DO $$ BEGIN INSERT INTO auth_group (name) VALUES ('block'); END $$")


@by("dd")
def execute_a_prepared_statement(cast: Cast) -> None:
    execute("PREPARE put AS INSERT INTO auth_group (name) VALUES ($1)")
    execute("EXECUTE put('p1')")
    execute("EXECUTE put('p2')")
    execute("DEALLOCATE put")


ALL_KINDS = KINDS
