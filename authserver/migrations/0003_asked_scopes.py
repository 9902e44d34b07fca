"""A consent remembers what the person was asked for. Of a consent to an app of our own nobody knows, so it asks again."""

import django.contrib.postgres.fields
from django.db import migrations, models

COPY = """
    SELECT set_config('app.scope', 'site', true);
    UPDATE authserver_consent a SET asked_scopes = a.scopes, asked_resources = a.resources
    FROM authserver_client c WHERE c.id = a.client_id AND a.is_asked AND NOT c.is_first_party;
    SELECT set_config('app.scope', '', true);
"""


class Migration(migrations.Migration):
    dependencies = [("authserver", "0002_purged_consents")]

    operations = [
        migrations.AddField(
            model_name="consent",
            name="asked_scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=100),
                blank=True,
                default=list,
                editable=False,
                size=None,
                verbose_name="scopes agreed to",
            ),
        ),
        migrations.AddField(
            model_name="consent",
            name="asked_resources",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=500), blank=True, default=list, editable=False, size=None
            ),
        ),
        migrations.RunSQL(COPY, migrations.RunSQL.noop),
    ]
