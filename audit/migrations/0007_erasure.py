from pathlib import Path

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from audit.apps import AuditConfig

SQL = Path(__file__).parent / '0007'


def let_the_runtime_role_ask(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """It may have a person's values removed, which leaves its entry; nothing else of the trail."""
    role = schema_editor.quote_name(AuditConfig.runtime_role)
    schema_editor.execute(f'REVOKE ALL ON FUNCTION audit_erase(text, jsonb) FROM PUBLIC, {role}')
    schema_editor.execute(f'GRANT EXECUTE ON FUNCTION audit_erase(text, jsonb) TO {role}')


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0006_read_by_any_filter'),
    ]

    operations = [
        migrations.RunSQL((SQL / 'erase.sql').read_text(encoding='utf-8'), 'DROP FUNCTION audit_erase(text, jsonb)'),
        migrations.RunPython(let_the_runtime_role_ask, migrations.RunPython.noop),
    ]
