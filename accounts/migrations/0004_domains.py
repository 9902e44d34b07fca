import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import accounts.models.domain
from tenancy.isolation import EnableTenantIsolation


class Migration(migrations.Migration):
    dependencies = [('accounts', '0002_session_client_sid')]

    operations = [
        migrations.CreateModel(
            name='Domain',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=242, verbose_name='domain')),
                ('value', models.CharField(default=accounts.models.domain.new_value, editable=False, max_length=40, verbose_name='value to publish')),
                ('routes_to', models.CharField(blank=True, db_default='', default='', max_length=32, verbose_name='its people sign in with')),
                ('claimed_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='claimed')),
                ('affiliated_at', models.DateTimeField(editable=False, null=True, verbose_name='affiliated')),
                ('owned_since', models.DateTimeField(editable=False, null=True, verbose_name='owned since')),
                ('checked_at', models.DateTimeField(editable=False, null=True, verbose_name='last check')),
                ('finding', models.CharField(blank=True, choices=[('present', 'The record was there.'), ('absent', 'There was no such record.'), ('unknown', 'The DNS did not answer.'), ('taken', 'The record was there, but another organization owns the domain.')], default='', editable=False, max_length=16, verbose_name='found')),
                ('failing_since', models.DateTimeField(editable=False, null=True, verbose_name='failing since')),
                ('lapses_at', models.DateTimeField(editable=False, null=True, verbose_name='lapses')),
                ('next_check_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, null=True, verbose_name='next check')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='domains', to='accounts.tenant', verbose_name='tenant')),
            ],
            options={
                'verbose_name': 'domain',
                'verbose_name_plural': 'domains',
                'ordering': ('name', 'id'),
                'indexes': [models.Index(fields=['name', 'id'], name='domain_by_name'), models.Index(condition=models.Q(('next_check_at__isnull', False)), fields=['next_check_at'], name='domain_to_check')],
                'constraints': [models.UniqueConstraint(fields=('tenant', 'name'), name='domain_of_tenant_unique'), models.UniqueConstraint(condition=models.Q(('owned_since__isnull', False)), fields=('name',), name='domain_owned_unique'), models.CheckConstraint(condition=models.Q(('owned_since__isnull', False), models.Q(('failing_since', None), ('lapses_at', None)), _connector='OR'), name='domain_failing_is_owned')],
            },
        ),
        EnableTenantIsolation('domain'),
    ]
