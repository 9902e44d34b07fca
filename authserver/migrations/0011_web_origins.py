"""Clients have web origins: of pages whose scripts may read what we answer to them (CORS)."""

from pathlib import Path

import django.contrib.postgres.fields
from django.db import migrations, models

SQL = Path(__file__).parent / "0011"


class Migration(migrations.Migration):
    dependencies = [("authserver", "0008_scopes_and_tiers")]

    operations = [
        migrations.AddField(
            model_name="client",
            name="web_origins",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=500),
                blank=True,
                db_default=[],
                default=list,
                help_text="Of pages whose scripts may read what we answer to this app (CORS).",
                size=None,
                verbose_name="web origins",
            ),
        ),
        migrations.RunSQL((SQL / "web_origins.sql").read_text(), "DROP FUNCTION client_web_origins()"),
    ]
