"""A logout notice says which tenant's client it is for. Those that wait already count as the site's."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("authserver", "0005_cached_plans")]

    operations = [
        migrations.AddField(
            model_name="logoutnotice", name="tenant_id", field=models.UUIDField(editable=False, null=True)
        ),
    ]
