from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "0018"


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0017_webhooks'),
    ]

    operations = [migrations.RunSQL((SQL / "set_null.sql").read_text(), migrations.RunSQL.noop)]
