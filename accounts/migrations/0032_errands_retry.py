import django.db.models.functions.datetime
from django.db import migrations, models

import jobs.models


class Migration(migrations.Migration):
    """Names of the one retry engine, and defaults by the database (ADR 45)."""

    dependencies = [
        ("accounts", "0031_moments_of_wrong_clocks"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="errand", name="errand_to_be_done"),
        migrations.RenameField(model_name="errand", old_name="tries", new_name="attempts"),
        migrations.RenameField(model_name="errand", old_name="next_try_at", new_name="next_attempt_at"),
        migrations.AlterField(
            model_name="errand",
            name="attempts",
            field=models.PositiveIntegerField(db_default=0, default=0, verbose_name="tries"),
        ),
        migrations.AlterField(
            model_name="errand",
            name="next_attempt_at",
            field=models.DateTimeField(
                db_default=django.db.models.functions.datetime.Now(),
                default=jobs.models.soon,
                null=True,
                verbose_name="next try",
            ),
        ),
        migrations.AlterField(
            model_name="errand",
            name="created_at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
        ),
        migrations.AddIndex(
            model_name="errand",
            index=models.Index(
                condition=models.Q(("next_attempt_at__isnull", False)),
                fields=["next_attempt_at"],
                name="errand_to_be_done",
            ),
        ),
    ]
