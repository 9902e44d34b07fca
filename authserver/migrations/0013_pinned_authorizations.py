"""What is authorized in a pinned session stays pinned to its tenant."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("authserver", "0012_protected_hosts"), ("accounts", "0003_pinned_sessions")]

    operations = [
        migrations.AddField(
            model_name=name,
            name="pinned_tenant",
            field=models.UUIDField(editable=False, null=True),
        )
        for name in ("authorizationcode", "devicecode", "tokenfamily")
    ]
