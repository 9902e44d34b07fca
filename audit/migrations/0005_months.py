from pathlib import Path

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from audit.apps import AuditConfig
from foundation.lock_timeout import patiently

PARTITION = (Path(__file__).parent / '0005' / 'partition.sql').read_text(encoding='utf-8')
# A month's end that is at least a day away, so that nothing written meanwhile can lie beyond it.
BOUND = "SELECT (date_trunc('month', now() AT TIME ZONE 'UTC' + interval '1 day') + interval '1 month')::text || '+00'"


def partition(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Make what is there the first month, without moving a row, and make the months to come.

    Comparing the rows with the month's end reads both tables once while everybody goes on; the change itself
    locks writers out for some milliseconds, when nobody holds the tables. It can be run again after it failed.
    """
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        cursor.execute(BOUND)
        (bound,) = cursor.fetchone()
        for table, sequence in (('audit_personal', ''), ('audit_entry', 'audit_entry_id_seq')):
            cursor.execute("SELECT relkind = 'p' FROM pg_class WHERE oid = to_regclass(%s)", [table])
            if cursor.fetchone() == (True,):
                continue
            patiently(connection, [
                f'ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {table}_bound',
                f"ALTER TABLE {table} ADD CONSTRAINT {table}_bound CHECK (at < '{bound}') NOT VALID",
            ])
            cursor.execute(f'ALTER TABLE {table} VALIDATE CONSTRAINT {table}_bound')
            words = {'table': table, 'sequence': sequence, 'bound': bound, 'runtime_role': AuditConfig.runtime_role}
            change = PARTITION
            for name, value in words.items():
                change = change.replace('{' + name + '}', value)
            patiently(connection, [change])
        cursor.execute('SELECT audit_make_months(2)')


class Migration(migrations.Migration):

    atomic = False

    dependencies = [
        ('audit', '0004_seals_and_retention'),
    ]

    operations = [
        migrations.RunPython(partition, migrations.RunPython.noop),
    ]
