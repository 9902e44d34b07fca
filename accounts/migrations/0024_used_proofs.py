from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0023_sign_in_epoch"),
    ]

    operations = [
        migrations.CreateModel(
            name="UsedProof",
            fields=[
                ("digest", models.CharField(max_length=64, primary_key=True, serialize=False)),
                ("expires_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "verbose_name": "used proof",
                "verbose_name_plural": "used proofs",
            },
        ),
    ]
