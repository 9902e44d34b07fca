from django.db import migrations, models


class Migration(migrations.Migration):
    """The lease of the one retry engine (ADR 45)."""

    dependencies = [
        ("accounts", "0033_webhooks_retry"),
    ]

    operations = [
        migrations.AddField(
            model_name="bulkaction",
            name="leased_until",
            field=models.DateTimeField(editable=False, null=True),
        ),
    ]
