"""A pair of tokens for each session at a provider: the columns, on a table in use; every step can be done again.

Code of before goes on beside it. The next migration, ``0005``, ends that: see ADR 35 for the upgrade in two steps.
"""

from pathlib import Path

from django.db import migrations, models, transaction
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from foundation.lock_timeout import patiently

SLICE = 2000  # rows in one transaction
TABLE = "providers_upstreamtokens"
NUMBER = f"""
    WITH slice AS (SELECT identity_id FROM {TABLE} WHERE id IS NULL ORDER BY identity_id LIMIT {SLICE} FOR UPDATE)
    UPDATE {TABLE} t SET id = nextval('{TABLE}_id_seq') FROM slice WHERE t.identity_id = slice.identity_id
"""
BUILT = "SELECT i.indisvalid FROM pg_index i WHERE i.indexrelid = to_regclass(%s)"
INDEXES = {f"{TABLE}_id": "id", "tokens_of_upstream_session": "identity_id, sid"}


def prepare(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    patiently(schema_editor.connection, [(Path(__file__).parent / "0004" / "prepare.sql").read_text()])


def unprepare(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    statements = [
        f"DROP TRIGGER one_pair ON {TABLE}",
        "DROP FUNCTION providers_one_pair()",
        f"ALTER TABLE {TABLE} DROP COLUMN id, DROP COLUMN sid, DROP COLUMN is_unsure",
    ]
    patiently(schema_editor.connection, statements)


def number(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Give rows of before their number, some at a time."""
    changed = 1
    while changed:
        with transaction.atomic(using=schema_editor.connection.alias), schema_editor.connection.cursor() as cursor:
            cursor.execute(NUMBER)
            changed = cursor.rowcount


def index(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Build what the next migration makes keys of, while people sign in. The indexes go with their columns."""
    for name, columns in INDEXES.items():
        with schema_editor.connection.cursor() as cursor:
            cursor.execute(BUILT, [name])
            found = cursor.fetchone()
            if found == (False,):
                cursor.execute(f"DROP INDEX CONCURRENTLY {name}")
            if found != (True,):
                cursor.execute(f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {TABLE} ({columns})")
    check = f"ALTER TABLE {TABLE} DROP CONSTRAINT IF EXISTS has_id, ADD CONSTRAINT has_id CHECK (id IS NOT NULL) NOT VALID"
    patiently(schema_editor.connection, [check])
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {TABLE} VALIDATE CONSTRAINT has_id")
    statements = [f"ALTER TABLE {TABLE} ALTER COLUMN id SET NOT NULL", f"ALTER TABLE {TABLE} DROP CONSTRAINT has_id"]
    patiently(schema_editor.connection, statements)


class Migration(migrations.Migration):
    """For Django the column is there; which one is the key is told in the next migration."""

    atomic = False

    dependencies = [
        ("providers", "0003_tokens_lie_in_their_row"),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AddField(
                    model_name="upstreamtokens",
                    name="sid",
                    field=models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        max_length=255,
                        verbose_name="session at the provider",
                    ),
                ),
                migrations.AddField(
                    model_name="upstreamtokens",
                    name="is_unsure",
                    field=models.BooleanField(db_default=False, default=False),
                ),
            ],
        ),
        migrations.RunPython(prepare, unprepare),
        migrations.RunPython(number, migrations.RunPython.noop),
        migrations.RunPython(index, migrations.RunPython.noop),
    ]
