from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "0013"


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0012_bulk_actions'),
    ]

    operations = [migrations.RunSQL((SQL / "cascade.sql").read_text(), migrations.RunSQL.noop)]
