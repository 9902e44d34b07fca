"""Tokens in the vault are those of one provider: of several that share an issuer, each has its own client (ADR 71)."""

from django.db import migrations, models

FILL = """
    UPDATE providers_upstreamtokens t SET provider = i.provider FROM accounts_identity i WHERE i.id = t.identity_id
"""


class Migration(migrations.Migration):

    dependencies = [
        ('providers', '0005_connections_with_domains'),
    ]

    operations = [
        migrations.AddField(
            model_name='upstreamtokens',
            name='provider',
            field=models.CharField(default='', max_length=32, verbose_name='provider'),
            preserve_default=False,
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
        migrations.RemoveConstraint(model_name='upstreamtokens', name='tokens_of_upstream_session'),
        migrations.AddConstraint(
            model_name='upstreamtokens',
            constraint=models.UniqueConstraint(
                fields=('identity', 'provider', 'sid'), name='tokens_of_provider_session'
            ),
        ),
    ]
