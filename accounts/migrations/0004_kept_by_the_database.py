from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "0004"


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0003_tenants_roles_memberships'),
    ]

    operations = [
        migrations.RunSQL((SQL / "cascade.sql").read_text(), migrations.RunSQL.noop),
        migrations.RunSQL(
            (SQL / "last_superuser.sql").read_text(), "DROP FUNCTION accounts_keep_a_superuser() CASCADE"
        ),
    ]
