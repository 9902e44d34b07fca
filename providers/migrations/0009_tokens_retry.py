from django.db import migrations, models


class Migration(migrations.Migration):
    """Fields of the one retry engine: the columns stay as they are (ADR 45)."""

    dependencies = [
        ("providers", "0008_leaving_retry"),
    ]

    operations = [
        migrations.AlterField(
            model_name="upstreamtokens",
            name="leased_until",
            field=models.DateTimeField(editable=False, null=True),
        ),
        migrations.AlterField(
            model_name="upstreamtokens",
            name="failures",
            field=models.PositiveIntegerField(
                db_default=0, default=0, editable=False, verbose_name="failures in a row"
            ),
        ),
        migrations.AlterField(
            model_name="upstreamtokens",
            name="failing_since",
            field=models.DateTimeField(editable=False, null=True, verbose_name="failing since"),
        ),
        migrations.AlterField(
            model_name="upstreamtokens",
            name="rest_until",
            field=models.DateTimeField(editable=False, null=True, verbose_name="left alone until"),
        ),
    ]
