from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from audit.apps import AuditConfig

SQL = Path(__file__).parent / '0001'

UNDO = """
DROP TABLE audit_personal, audit_entry;
DROP FUNCTION audit_write_created_or_deleted, audit_write_updated, audit_event, audit_refuse CASCADE;
DROP FUNCTION audit_told, audit_masks, audit_mask, audit_digest;
"""


def leave_only_reading_to_the_runtime_role(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Default privileges give that role every right on new tables; the trail is written by functions only."""
    role = schema_editor.quote_name(AuditConfig.runtime_role)
    functions = ', '.join((
        'audit_write_created_or_deleted()', 'audit_write_updated()', 'audit_event(text, jsonb)', 'audit_refuse()',
    ))
    for statement in (
        f'REVOKE ALL ON audit_entry, audit_personal FROM PUBLIC, {role}',
        f'REVOKE ALL ON SEQUENCE audit_entry_id_seq FROM PUBLIC, {role}',
        f'REVOKE ALL ON FUNCTION {functions} FROM PUBLIC, {role}',
        f'GRANT SELECT ON audit_entry, audit_personal TO {role}',
        f'GRANT EXECUTE ON FUNCTION audit_event(text, jsonb) TO {role}',
    ):
        schema_editor.execute(statement)


class Migration(migrations.Migration):

    initial = True

    dependencies = []

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL((SQL / 'tables.sql').read_text(encoding='utf-8'), migrations.RunSQL.noop),
                migrations.RunSQL((SQL / 'functions.sql').read_text(encoding='utf-8'), UNDO),
                migrations.RunPython(leave_only_reading_to_the_runtime_role, migrations.RunPython.noop),
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
                    ],
                    options={
                        'verbose_name': 'entry',
                        'verbose_name_plural': 'trail',
                        'db_table': 'audit_entry',
                        'ordering': ['-id'],
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
                        ('address', models.GenericIPAddressField(null=True, verbose_name='address')),
                        ('user_agent', models.TextField(null=True, verbose_name='browser')),
                    ],
                    options={
                        'verbose_name': 'personal values',
                        'verbose_name_plural': 'personal values',
                        'db_table': 'audit_personal',
                    },
                ),
                migrations.AddIndex(
                    model_name='entry',
                    index=models.Index(fields=['object_id', 'object_table', 'id'], name='audit_entry_object'),
                ),
                migrations.AddIndex(
                    model_name='entry',
                    index=models.Index(fields=['actor_id', 'id'], name='audit_entry_actor'),
                ),
                migrations.AddIndex(
                    model_name='entry',
                    index=models.Index(condition=models.Q(('person__isnull', False)), fields=['person', 'id'], name='audit_entry_person'),
                ),
                migrations.AddIndex(
                    model_name='entry',
                    index=models.Index(condition=models.Q(('request_id__isnull', False)), fields=['request_id'], name='audit_entry_request'),
                ),
                migrations.AddIndex(
                    model_name='entry',
                    index=models.Index(condition=models.Q(('source', 'event')), fields=['action', 'id'], name='audit_entry_event'),
                ),
            ],
        ),
    ]
