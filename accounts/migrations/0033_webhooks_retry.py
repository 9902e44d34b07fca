import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    """Names of the one retry engine, and defaults by the database (ADR 45)."""

    dependencies = [
        ("accounts", "0032_errands_retry"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="delivery", name="delivery_due"),
        migrations.RenameField(model_name="delivery", old_name="first_tried_at", new_name="created_at"),
        migrations.RenameField(model_name="delivery", old_name="next_try_at", new_name="next_attempt_at"),
        migrations.AlterField(
            model_name="delivery",
            name="attempts",
            field=models.PositiveIntegerField(db_default=0, default=0, verbose_name="tries"),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="created_at",
            field=models.DateTimeField(
                db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name="first tried"
            ),
        ),
        migrations.AlterField(
            model_name="delivery",
            name="next_attempt_at",
            field=models.DateTimeField(
                db_default=django.db.models.functions.datetime.Now(), null=True, verbose_name="next try"
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(fields=["webhook", "next_attempt_at", "id"], name="delivery_due"),
        ),
        migrations.AlterField(
            model_name="webhook",
            name="failures",
            field=models.PositiveIntegerField(
                db_default=0, default=0, editable=False, verbose_name="failures in a row"
            ),
        ),
    ]
