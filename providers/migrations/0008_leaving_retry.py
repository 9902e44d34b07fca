import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    """Names of the one retry engine (ADR 45)."""

    dependencies = [
        ("providers", "0007_tokens_of_sessions_by_age"),
    ]

    operations = [
        migrations.RemoveIndex(model_name="leaving", name="leaving_due"),
        migrations.RenameField(model_name="leaving", old_name="tries", new_name="attempts"),
        migrations.RenameField(model_name="leaving", old_name="next_try_at", new_name="next_attempt_at"),
        migrations.RenameField(model_name="leaving", old_name="claimed_until", new_name="leased_until"),
        migrations.AlterField(
            model_name="leaving",
            name="attempts",
            field=models.PositiveIntegerField(db_default=0, default=0, verbose_name="tries"),
        ),
        migrations.AlterField(
            model_name="leaving",
            name="next_attempt_at",
            field=models.DateTimeField(
                db_default=django.db.models.functions.datetime.Now(), null=True, verbose_name="next try"
            ),
        ),
        migrations.AlterField(
            model_name="leaving",
            name="leased_until",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="leaving",
            name="created_at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
        ),
        migrations.AddIndex(
            model_name="leaving",
            index=models.Index(
                condition=models.Q(("next_attempt_at__isnull", False)), fields=["next_attempt_at"], name="leaving_due"
            ),
        ),
    ]
