from pathlib import Path

import django.core.validators
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from audit.apps import AuditConfig

SQL = Path(__file__).parent / '0004'

UNDO = """
DROP TABLE audit_seal, audit_seal_digests, audit_removal, audit_retention, audit_floor, audit_jobrun;
DROP FUNCTION audit_append_seal, audit_forget_digests, audit_remove_month, audit_remove_entries, audit_note_removal;
DROP FUNCTION audit_drop_empty_months, audit_make_months, audit_months, audit_due, audit_floor_days, audit_set_floor;
DROP FUNCTION audit_close, audit_close_sequence, audit_guard;
"""


def give_rights(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The runtime role reads, and calls what appends, what is bound by the floor, and what makes months."""
    role = schema_editor.quote_name(AuditConfig.runtime_role)
    for_jobs = ', '.join((
        'audit_make_months(integer)', 'audit_append_seal(jsonb, bytea)', 'audit_remove_month(timestamptz, jsonb)',
        'audit_remove_entries(bigint[], timestamptz, timestamptz, jsonb)', 'audit_drop_empty_months()',
        'audit_forget_digests(timestamptz, timestamptz)', 'audit_months()', 'audit_due(text)', 'audit_floor_days()',
    ))
    for_owner = ', '.join((
        'audit_note_removal(jsonb)', 'audit_close(text)', 'audit_close_sequence(text)', 'audit_guard(text, text)', 'audit_set_floor(integer)',
    ))
    kept = 'audit_seal, audit_seal_digests, audit_removal, audit_floor'
    for statement in (
        f'REVOKE ALL ON {kept} FROM PUBLIC, {role}',
        f'REVOKE ALL ON FUNCTION {for_jobs}, {for_owner} FROM PUBLIC, {role}',
        f'GRANT SELECT ON {kept} TO {role}',
        f'GRANT EXECUTE ON FUNCTION {for_jobs} TO {role}',
    ):
        schema_editor.execute(statement)


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0003_order_of_sealing'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL((SQL / 'months.sql').read_text(encoding='utf-8'), UNDO),
                migrations.RunSQL((SQL / 'seals.sql').read_text(encoding='utf-8'), migrations.RunSQL.noop),
                migrations.RunPython(give_rights, migrations.RunPython.noop),
            ],
            state_operations=[
                migrations.CreateModel(
                    name='JobRun',
                    fields=[
                        ('name', models.TextField(primary_key=True, serialize=False, verbose_name='job')),
                        ('ran_at', models.DateTimeField(verbose_name='time')),
                        ('trouble', models.TextField(blank=True, default='', verbose_name='trouble')),
                        ('progress', models.JSONField(blank=True, default=dict, verbose_name='progress')),
                    ],
                    options={
                        'verbose_name': 'run of a job',
                        'verbose_name_plural': 'runs of jobs',
                        'db_table': 'audit_jobrun',
                    },
                ),
                migrations.CreateModel(
                    name='SealDigests',
                    fields=[
                        ('number', models.BigIntegerField(primary_key=True, serialize=False, verbose_name='seal')),
                        ('digests', models.BinaryField(verbose_name='digests')),
                    ],
                    options={
                        'verbose_name': 'digests of a seal',
                        'verbose_name_plural': 'digests of seals',
                        'db_table': 'audit_seal_digests',
                    },
                ),
                migrations.CreateModel(
                    name='Removal',
                    fields=[
                        ('id', models.UUIDField(primary_key=True, serialize=False)),
                        ('removed_at', models.DateTimeField(verbose_name='time')),
                        ('month', models.TextField(null=True, verbose_name='month')),
                        ('tenant_id', models.TextField(null=True, verbose_name='tenant')),
                        ('until', models.DateTimeField(verbose_name='until')),
                        ('entries', models.BigIntegerField(verbose_name='entries')),
                        ('ids', models.TextField(verbose_name="entries' ids")),
                        ('first_id', models.BigIntegerField(verbose_name='first id')),
                        ('last_id', models.BigIntegerField(verbose_name='last id')),
                        ('key_id', models.TextField(verbose_name='key')),
                        ('mac', models.BinaryField(verbose_name='authentication code')),
                    ],
                    options={
                        'verbose_name': 'removal',
                        'verbose_name_plural': 'removals',
                        'db_table': 'audit_removal',
                        'ordering': ['-removed_at'],
                        'indexes': [models.Index(fields=['first_id'], name='audit_removal_first')],
                    },
                ),
                migrations.CreateModel(
                    name='Retention',
                    fields=[
                        ('tenant_id', models.TextField(blank=True, primary_key=True, serialize=False, verbose_name='tenant')),
                        ('days', models.IntegerField(validators=[django.core.validators.MinValueValidator(1)], verbose_name='days')),
                    ],
                    options={
                        'verbose_name': 'retention',
                        'verbose_name_plural': 'retentions',
                        'db_table': 'audit_retention',
                        'constraints': [models.CheckConstraint(condition=models.Q(('days__gt', 0)), name='audit_retention_some_days')],
                    },
                ),
                migrations.CreateModel(
                    name='Seal',
                    fields=[
                        ('number', models.BigIntegerField(primary_key=True, serialize=False, verbose_name='number')),
                        ('sealed_at', models.DateTimeField(verbose_name='time')),
                        ('entries', models.IntegerField(verbose_name='entries')),
                        ('ids', models.TextField(verbose_name="entries' ids")),
                        ('first_id', models.BigIntegerField(verbose_name='first id')),
                        ('last_id', models.BigIntegerField(verbose_name='last id')),
                        ('first_at', models.DateTimeField(verbose_name='from')),
                        ('last_at', models.DateTimeField(verbose_name='to')),
                        ('upto_txid', models.BigIntegerField(verbose_name='up to transaction')),
                        ('upto_id', models.BigIntegerField(verbose_name='up to id')),
                        ('cluster', models.BigIntegerField(verbose_name='server')),
                        ('floor_id', models.BigIntegerField(verbose_name='above id')),
                        ('carried', models.BooleanField(verbose_name='carried over by a restore')),
                        ('digest', models.BinaryField(verbose_name='digest')),
                        ('key_id', models.TextField(verbose_name='key')),
                        ('previous', models.BinaryField(verbose_name='previous seal')),
                        ('mac', models.BinaryField(verbose_name='authentication code')),
                    ],
                    options={
                        'verbose_name': 'seal',
                        'verbose_name_plural': 'seals',
                        'db_table': 'audit_seal',
                        'ordering': ['-number'],
                        'indexes': [models.Index(fields=['first_id'], name='audit_seal_first'), models.Index(fields=['last_id'], name='audit_seal_last'), models.Index(condition=models.Q(('carried', True)), fields=['number'], name='audit_seal_carried')],
                    },
                ),
            ],
        ),
    ]
