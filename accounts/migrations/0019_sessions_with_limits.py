from pathlib import Path

import django.core.validators
from django.db import migrations, models

SQL = Path(__file__).parent / "0019"


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0018_webhooks_let_accounts_go"),
    ]

    operations = [
        migrations.AddField(
            model_name="session",
            name="active_tenant",
            field=models.UUIDField(editable=False, null=True, verbose_name="organization"),
        ),
        migrations.AddField(
            model_name="session",
            name="ends_at",
            field=models.DateTimeField(editable=False, null=True, verbose_name="ends at the latest"),
        ),
        migrations.AddField(
            model_name="session",
            name="idle",
            field=models.DurationField(editable=False, null=True, verbose_name="ends without use after"),
        ),
        migrations.AddField(
            model_name="session",
            name="is_remembered",
            field=models.BooleanField(db_default=False, default=False, verbose_name="kept in the browser"),
        ),
        migrations.AddField(
            model_name="tenant",
            name="remembered_idle_days",
            field=models.PositiveSmallIntegerField(
                blank=True,
                null=True,
                validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(90)],
                verbose_name="days without use, where somebody asked to be kept signed in",
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="remembered_life_days",
            field=models.PositiveSmallIntegerField(
                blank=True,
                null=True,
                validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(365)],
                verbose_name="days in all, where somebody asked to be kept signed in",
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="session_idle_minutes",
            field=models.PositiveSmallIntegerField(
                blank=True,
                null=True,
                validators=[
                    django.core.validators.MinValueValidator(5),
                    django.core.validators.MaxValueValidator(1440),
                ],
                verbose_name="minutes without use, at most",
            ),
        ),
        migrations.AddField(
            model_name="tenant",
            name="session_life_hours",
            field=models.PositiveSmallIntegerField(
                blank=True,
                null=True,
                validators=[django.core.validators.MinValueValidator(1), django.core.validators.MaxValueValidator(720)],
                verbose_name="hours in all, at most",
            ),
        ),
        migrations.RunSQL(
            (SQL / "session_limits.sql").read_text(), "DROP FUNCTION session_limits(uuid, boolean, interval, interval)"
        ),
        migrations.RunSQL((SQL / "session_enter.sql").read_text(), "DROP FUNCTION session_enter(text)"),
        migrations.RunSQL((SQL / "session_shorten.sql").read_text(), "DROP FUNCTION session_shorten() CASCADE"),
    ]
