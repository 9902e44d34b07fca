from pathlib import Path

import django.core.validators
import django.db.models.deletion
import django.db.models.fields.json
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from audit.apps import AuditConfig


SQL = Path(__file__).parent / '0001'
FILES = ('tables', 'functions', 'months', 'seals', 'erase')

READ = 'audit_entry, audit_personal, audit_seal, audit_seal_digests, audit_removal, audit_minimum'
CALLED = ', '.join((
    'audit_event(text, jsonb)', 'audit_erase(text, jsonb)', 'audit_make_months(integer)',
    'audit_append_seal(jsonb, bytea)', 'audit_remove_month(timestamptz, jsonb)',
    'audit_remove_entries(bigint[], timestamptz, timestamptz, jsonb)', 'audit_drop_empty_months()',
    'audit_forget_digests(timestamptz, timestamptz)', 'audit_months()', 'audit_due(text)', 'audit_minimum_days()',
))
OWNERS = ', '.join((
    'audit_write_created_or_deleted()', 'audit_write_updated()', 'audit_refuse()', 'audit_note_removal(jsonb)',
    'audit_close(text)', 'audit_close_sequence(text)', 'audit_guard(text, text)', 'audit_set_minimum(integer)',
))


def give_rights(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Revoke what default privileges give the runtime role on new tables: only functions write the trail.

    The role may read it, and call the functions that record, erase, append seals, create months and remove what is due.
    """
    role = schema_editor.quote_name(AuditConfig.runtime_role)
    for statement in (
        f'REVOKE ALL ON {READ} FROM PUBLIC, {role}',
        f'REVOKE ALL ON SEQUENCE audit_entry_id_seq FROM PUBLIC, {role}',
        f'REVOKE ALL ON FUNCTION {CALLED}, {OWNERS} FROM PUBLIC, {role}',
        f'GRANT SELECT ON {READ} TO {role}',
        f'GRANT EXECUTE ON FUNCTION {CALLED} TO {role}',
    ):
        schema_editor.execute(statement)


class Migration(migrations.Migration):

    initial = True

    dependencies = []

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                *(migrations.RunSQL((SQL / f'{name}.sql').read_text(encoding='utf-8')) for name in FILES),
                migrations.RunPython(give_rights),
            ],
            state_operations=[
                migrations.CreateModel(
                    name='Entry',
                    fields=[
                        ('id', models.BigAutoField(primary_key=True, serialize=False)),
                        ('at', models.DateTimeField(verbose_name='time')),
                        ('txid', models.BigIntegerField(verbose_name='transaction')),
                        ('request_id', models.UUIDField(null=True, verbose_name='request')),
                        ('batch_id', models.UUIDField(null=True, verbose_name='batch')),
                        ('source', models.TextField(choices=[('signal', 'announced by a signal'), ('database', 'seen by the database only'), ('event', 'named event')], verbose_name='source')),
                        ('action', models.TextField(verbose_name='action')),
                        ('actor_kind', models.TextField(choices=[('person', 'person'), ('service', 'service'), ('command', 'command'), ('job', 'job'), ('migration', 'migration'), ('database', 'database role, nobody having said more')], verbose_name='kind of actor')),
                        ('actor_id', models.TextField(verbose_name="actor's id")),
                        ('object_table', models.TextField(null=True, verbose_name='table')),
                        ('object_id', models.TextField(null=True, verbose_name='object')),
                        ('person', models.TextField(null=True, verbose_name='person')),
                        ('tenant_id', models.TextField(null=True, verbose_name='tenant')),
                        ('reason', models.TextField(null=True, verbose_name='reason')),
                        ('before', models.JSONField(null=True, verbose_name='before')),
                        ('after', models.JSONField(null=True, verbose_name='after')),
                        ('details', models.JSONField(null=True, verbose_name='details')),
                        ('personal_digest', models.BinaryField(null=True, verbose_name='digest of the personal values')),
                        ('behind_kind', models.TextField(choices=[('person', 'person'), ('service', 'service'), ('command', 'command'), ('job', 'job'), ('migration', 'migration'), ('database', 'database role, nobody having said more')], null=True, verbose_name='kind of who is behind')),
                        ('behind_id', models.TextField(null=True, verbose_name='id of who is behind')),
                    ],
                    options={
                        'verbose_name': 'entry',
                        'verbose_name_plural': 'trail',
                        'db_table': 'audit_entry',
                        'ordering': ['-id'],
                        'indexes': [models.Index(fields=['object_id', 'object_table', 'id'], name='audit_entry_object'), models.Index(fields=['actor_id', 'id'], name='audit_entry_actor'), models.Index(condition=models.Q(('person__isnull', False)), fields=['person', 'id'], name='audit_entry_person'), models.Index(condition=models.Q(('request_id__isnull', False)), fields=['request_id'], name='audit_entry_request'), models.Index(condition=models.Q(('batch_id__isnull', False)), fields=['batch_id', 'id'], name='audit_entry_batch'), models.Index(condition=models.Q(('source', 'event')), fields=['action', 'id'], name='audit_entry_event'), models.Index(condition=models.Q(('tenant_id__isnull', False)), fields=['tenant_id', 'id'], name='audit_entry_tenant'), models.Index(condition=models.Q(('object_table__isnull', False)), fields=['object_table', 'id'], name='audit_entry_table'), models.Index(fields=['txid', 'id'], name='audit_entry_txid'), models.Index(django.db.models.fields.json.KeyTextTransform('reference', 'details'), models.F('id'), condition=models.Q(('details__has_key', 'reference')), name='audit_entry_reference')],
                    },
                ),
                migrations.CreateModel(
                    name='Personal',
                    fields=[
                        ('entry', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='personal', serialize=False, to='audit.entry')),
                        ('at', models.DateTimeField(verbose_name='time')),
                        ('salt', models.UUIDField(verbose_name='salt')),
                        ('before', models.JSONField(null=True, verbose_name='before')),
                        ('after', models.JSONField(null=True, verbose_name='after')),
                        ('ip_address', models.GenericIPAddressField(null=True, verbose_name='IP address')),
                        ('user_agent', models.TextField(null=True, verbose_name='browser')),
                    ],
                    options={
                        'verbose_name': 'personal values',
                        'verbose_name_plural': 'personal values',
                        'db_table': 'audit_personal',
                        'indexes': [models.Index(condition=models.Q(('ip_address__isnull', False)), fields=['ip_address', 'entry'], name='audit_personal_ip_address')],
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
                    name='JobRun',
                    fields=[
                        ('name', models.TextField(primary_key=True, serialize=False, verbose_name='job')),
                        ('ran_at', models.DateTimeField(verbose_name='time')),
                        ('detail', models.TextField(blank=True, default='', verbose_name='detail')),
                        ('progress', models.JSONField(blank=True, default=dict, verbose_name='progress')),
                    ],
                    options={
                        'verbose_name': 'run of a job',
                        'verbose_name_plural': 'runs of jobs',
                        'db_table': 'audit_jobrun',
                    },
                ),
            ],
        ),
    ]
