from pathlib import Path

from django.db import migrations

MIGRATIONS = Path(__file__).parent
BEFORE = (MIGRATIONS / '0007' / 'erase.sql').read_text(encoding='utf-8')


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0008_who_is_behind'),
    ]

    operations = [
        migrations.RunSQL(
            (MIGRATIONS / '0009' / 'erase.sql').read_text(encoding='utf-8'),
            BEFORE.replace('CREATE FUNCTION', 'CREATE OR REPLACE FUNCTION')
            + 'DROP FUNCTION audit_is_theirs(text, jsonb); DROP FUNCTION audit_canonical(text, jsonb);',
        ),
    ]
