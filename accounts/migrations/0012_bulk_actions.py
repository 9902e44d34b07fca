import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models

from tenancy.isolation import EnableOwnerIsolation


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0011_admin_indexes'),
    ]

    operations = [
        migrations.CreateModel(
            name='BulkAction',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('is_site', models.BooleanField(default=False, editable=False)),
                ('tenant_id', models.UUIDField(editable=False, null=True, verbose_name='tenant')),
                ('role_id', models.BigIntegerField(editable=False, null=True, verbose_name='role')),
                ('kind', models.CharField(max_length=40, verbose_name='what')),
                ('targets', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), default=list, editable=False, size=None)),
                ('total', models.PositiveIntegerField(default=0, verbose_name='people')),
                ('position', models.PositiveIntegerField(default=0, verbose_name='done')),
                ('changed', models.PositiveIntegerField(default=0, verbose_name='changed')),
                ('skipped', models.JSONField(default=dict, verbose_name='left as they are')),
                ('state', models.CharField(choices=[('draft', 'not complete yet'), ('counting', 'finding out what would change'), ('previewed', 'waiting to be confirmed'), ('running', 'under way'), ('finished', 'finished'), ('stopped', 'stopped')], default='draft', max_length=20, verbose_name='state')),
                ('stopped_because', models.CharField(blank=True, max_length=200, verbose_name='stopped because')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='prepared')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='started by')),
                ('moved_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='last progress')),
            ],
            options={
                'verbose_name': 'bulk action',
                'verbose_name_plural': 'bulk actions',
                'ordering': ('-created_at',),
            },
        ),
        migrations.AddIndex(
            model_name='bulkaction',
            index=models.Index(fields=['user', 'created_at'], name='bulk_action_of_user'),
        ),
        migrations.AddIndex(
            model_name='bulkaction',
            index=models.Index(condition=models.Q(('state__in', ('counting', 'running'))), fields=['moved_at'], name='bulk_action_at_work'),
        ),
        EnableOwnerIsolation("bulkaction"),
    ]
