"""Sessions that a tenant's connection has opened are pinned to it."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent / "0003"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_domains")]

    operations = [
        migrations.AddField(
            model_name="session",
            name="pinned_tenant",
            field=models.UUIDField(editable=False, null=True, verbose_name="pinned to"),
        ),
        migrations.RunSQL((SQL / "pinned.sql").read_text()),
    ]
