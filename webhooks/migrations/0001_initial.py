import django.db.models.functions.datetime
import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
import uuid
from pathlib import Path

from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from tenancy.isolation import EnableTenantIsolation


SQL = Path(__file__).parent / '0001'


def set_null_on_delete(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Change the foreign keys after they exist: Django creates them at the end of a migration."""
    schema_editor.deferred_sql.append((SQL / 'references.sql').read_text())


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('url', models.CharField(help_text='Begins with https://', max_length=500, verbose_name='address')),
                ('events', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), blank=True, default=list, size=None, verbose_name='events')),
                ('tables', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), blank=True, default=list, size=None, verbose_name='tables')),
                ('secret', models.CharField(editable=False, max_length=300)),
                ('former_secret', models.CharField(blank=True, editable=False, max_length=300)),
                ('former_until', models.DateTimeField(editable=False, null=True)),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
                ('position_txid', models.BigIntegerField(default=0, editable=False)),
                ('position_id', models.BigIntegerField(default=0, editable=False)),
                ('position_floor', models.BigIntegerField(default=0, editable=False)),
                ('failures', models.PositiveIntegerField(db_default=0, default=0, editable=False, verbose_name='failures in a row')),
                ('failing_since', models.DateTimeField(editable=False, null=True, verbose_name='failing since')),
                ('last_failure', models.CharField(blank=True, editable=False, max_length=300, verbose_name='last failure')),
                ('paused_until', models.DateTimeField(editable=False, null=True, verbose_name='paused until')),
                ('last_success_at', models.DateTimeField(editable=False, null=True, verbose_name='last success')),
                ('disabled_reason', models.CharField(blank=True, editable=False, max_length=300, verbose_name='reason for disabling')),
                ('created_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='created by')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='accounts.tenant', verbose_name='tenant')),
            ],
            options={
                'verbose_name': 'webhook',
                'verbose_name_plural': 'webhooks',
                'ordering': ('name', 'id'),
            },
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('entry_id', models.BigIntegerField(verbose_name='entry')),
                ('entry_at', models.DateTimeField(verbose_name='of')),
                ('kind', models.CharField(max_length=200, verbose_name='what')),
                ('attempts', models.PositiveIntegerField(db_default=0, default=0, verbose_name='attempts')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='first tried')),
                ('last_tried_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='last tried')),
                ('next_attempt_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), null=True, verbose_name='next attempt')),
                ('failure', models.CharField(max_length=300, verbose_name='why not')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='accounts.tenant', verbose_name='tenant')),
                ('webhook', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='webhooks.webhook', verbose_name='webhook')),
            ],
            options={
                'verbose_name': 'undelivered message',
                'verbose_name_plural': 'undelivered messages',
                'ordering': ('-id',),
                'indexes': [models.Index(fields=['webhook', 'next_attempt_at', 'id'], name='delivery_due')],
                'constraints': [models.UniqueConstraint(fields=('webhook', 'entry_id'), name='delivery_once')],
            },
        ),
        EnableTenantIsolation('webhook'),
        EnableTenantIsolation('delivery'),
        migrations.RunPython(set_null_on_delete),
    ]
