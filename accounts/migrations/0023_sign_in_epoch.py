from pathlib import Path

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

SQL = Path(__file__).parent / "0023"


class Migration(migrations.Migration):
    """Every new column is empty or has a default in the database: old code runs beside it, and no table is rewritten."""

    dependencies = [
        ("accounts", "0022_canonical_addresses"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="sign_in_epoch",
            field=models.DateTimeField(
                editable=False, null=True, verbose_name="nothing judged before this opens a session"
            ),
        ),
        migrations.AddField(
            model_name="mailedlink",
            name="epoch",
            field=models.DateTimeField(editable=False, null=True, verbose_name="epoch"),
        ),
        migrations.AddField(
            model_name="mailedlink",
            name="ended_because",
            field=models.CharField(
                blank=True, db_default="", editable=False, max_length=40, verbose_name="ended because"
            ),
        ),
        migrations.AddField(
            model_name="session",
            name="waiting_for",
            field=models.ForeignKey(
                db_index=False,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="waiting_sign_ins",
                to=settings.AUTH_USER_MODEL,
                verbose_name="person who signs in",
            ),
        ),
        migrations.AddField(
            model_name="session",
            name="waiting_identity_id",
            field=models.BigIntegerField(editable=False, null=True, verbose_name="identity of the first proof"),
        ),
        migrations.AddField(
            model_name="session",
            name="waiting_epoch",
            field=models.DateTimeField(editable=False, null=True, verbose_name="epoch of the first proof"),
        ),
        migrations.AddField(
            model_name="session",
            name="waiting_ended",
            field=models.CharField(
                blank=True, db_default="", editable=False, max_length=40, verbose_name="ended because"
            ),
        ),
        migrations.AddIndex(
            model_name="session",
            index=models.Index(
                condition=models.Q(("waiting_for__isnull", False)), fields=["waiting_for"], name="session_waiting_for"
            ),
        ),
        migrations.CreateModel(
            name="UpstreamEnd",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("provider", models.CharField(max_length=32)),
                ("sid", models.CharField(blank=True, db_default="", max_length=255)),
                ("subject", models.CharField(blank=True, db_default="", max_length=255)),
                ("ended_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "verbose_name": "session that ended at its provider",
                "verbose_name_plural": "sessions that ended at their provider",
                "indexes": [models.Index(fields=["provider", "sid", "subject"], name="upstream_end_named")],
            },
        ),
        migrations.RunSQL(
            (SQL / "sign_in_epoch.sql").read_text(), "DROP FUNCTION accounts_move_sign_in_epoch() CASCADE"
        ),
        migrations.RunSQL(
            (SQL / "session_stands.sql").read_text(),
            "DROP FUNCTION session_stands(uuid, timestamptz, timestamptz, bigint, text, text); "
            "DROP FUNCTION upstream_has_ended(text, text, text, timestamptz)",
        ),
    ]
