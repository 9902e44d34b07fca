from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "0010"


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0009_invitations'),
    ]

    operations = [migrations.RunSQL((SQL / "set_null.sql").read_text(), migrations.RunSQL.noop)]
