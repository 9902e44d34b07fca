from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "0007"


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0006_mailed_links'),
    ]

    operations = [migrations.RunSQL((SQL / "own.sql").read_text(), "DROP FUNCTION tenancy_own(uuid)")]
