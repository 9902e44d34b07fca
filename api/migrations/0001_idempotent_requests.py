"""Responses to requests with an idempotency key, which are given again if the request is repeated."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="IdempotentRequest",
            fields=[
                ("digest", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("fingerprint", models.CharField(editable=False, max_length=64)),
                ("status", models.PositiveSmallIntegerField(verbose_name="status")),
                ("content", models.TextField(editable=False)),
                ("expires_at", models.DateTimeField(db_index=True, verbose_name="expires")),
            ],
            options={
                "verbose_name": "idempotent request",
                "verbose_name_plural": "idempotent requests",
            },
        ),
    ]
