from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "0006"


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0005_active_superusers'),
    ]

    operations = [migrations.RunSQL((SQL / "own.sql").read_text(), "DROP FUNCTION tenancy_own(uuid)")]
