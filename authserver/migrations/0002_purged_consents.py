"""Withdrawn consents are purged: an index finds them, and what came of them goes with them."""

from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent / "0002"


class Migration(migrations.Migration):
    dependencies = [("authserver", "0001_initial")]

    operations = [
        migrations.AddIndex(
            model_name="consent",
            index=models.Index(
                condition=models.Q(("withdrawn_at__isnull", False)), fields=["withdrawn_at"], name="consent_withdrawn"
            ),
        ),
        migrations.RunSQL((SQL / "references.sql").read_text(), migrations.RunSQL.noop),
    ]
