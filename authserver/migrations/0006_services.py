import authserver.models.client
import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
import uuid
from pathlib import Path

from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from tenancy.isolation import PERSON, AddPolicies, EnableTenantIsolation, Policy

SQL = Path(__file__).parent / '0006'


def delete_in_the_database(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Change the foreign keys after they exist: Django creates them at the end of a migration."""
    schema_editor.deferred_sql.append((SQL / 'references.sql').read_text())


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_session_client_sid'),
        ('authserver', '0005_profile_claims'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ServiceAccount',
            fields=[
                ('id', models.UUIDField(default=authserver.models.client.new_client_uuid, editable=False, primary_key=True, serialize=False)),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('purpose', models.CharField(help_text='What it does, for whoever finds it later.', max_length=300, verbose_name='purpose')),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100, validators=[django.core.validators.RegexValidator('\\A[\\x21\\x23-\\x5B\\x5D-\\x7E]+\\Z', 'A scope is one word (RFC 6749, section 3.3).')]), blank=True, default=list, help_text='All that it may do, as long as its owner may do it too.', size=None, verbose_name='scopes')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('expires_at', models.DateTimeField(verbose_name='expires')),
                ('owner_not_before', models.DateTimeField(editable=False, null=True)),
                ('not_before', models.DateTimeField(editable=False, null=True, verbose_name='no key given before this serves any more')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
                ('created_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='created by')),
                ('owner', models.ForeignKey(help_text='A member of the tenant. The service stops when they leave.', on_delete=django.db.models.deletion.CASCADE, related_name='service_accounts', to=settings.AUTH_USER_MODEL, verbose_name='owner')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='service_accounts', to='accounts.tenant', verbose_name='tenant')),
            ],
            options={
                'verbose_name': 'service account',
                'verbose_name_plural': 'service accounts',
                'ordering': ('name', 'id'),
            },
        ),
        migrations.CreateModel(
            name='CertificateIdentity',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('kind', models.CharField(choices=[('subject', 'subject, as in RFC 4514'), ('dns', 'DNS name'), ('uri', 'URI, such as a SPIFFE ID'), ('email', 'e-mail address'), ('sha256', 'SHA-256 of this one certificate')], max_length=10, verbose_name='recognised by')),
                ('value', models.CharField(max_length=1000, verbose_name='value')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
                ('tenant', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to='accounts.tenant', verbose_name='tenant')),
                ('service', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='certificates', to='authserver.serviceaccount', verbose_name='service account')),
            ],
            options={
                'verbose_name': 'certificate identity',
                'verbose_name_plural': 'certificate identities',
                'ordering': ('kind', 'value'),
            },
        ),
        migrations.CreateModel(
            name='ApiKey',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('public_id', models.CharField(editable=False, max_length=16, unique=True, verbose_name='public part')),
                ('digest', models.CharField(editable=False, max_length=64)),
                ('name', models.CharField(help_text='Where the key is used.', max_length=100, verbose_name='name')),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100, validators=[django.core.validators.RegexValidator('\\A[\\x21\\x23-\\x5B\\x5D-\\x7E]+\\Z', 'A scope is one word (RFC 6749, section 3.3).')]), blank=True, default=list, help_text='All that it may do, as long as its owner may do it too.', size=None, verbose_name='scopes')),
                ('not_before', models.DateTimeField(editable=False, null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='created')),
                ('expires_at', models.DateTimeField(verbose_name='expires')),
                ('last_used_at', models.DateTimeField(editable=False, null=True, verbose_name='last used')),
                ('revoked_at', models.DateTimeField(editable=False, null=True, verbose_name='revoked')),
                ('tenant', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.tenant', verbose_name='tenant')),
                ('user', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='api_keys', to=settings.AUTH_USER_MODEL, verbose_name='user')),
                ('service', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='api_keys', to='authserver.serviceaccount', verbose_name='service account')),
            ],
            options={
                'verbose_name': 'API key',
                'verbose_name_plural': 'API keys',
                'ordering': ('-created_at', 'id'),
            },
        ),
        migrations.AddField(
            model_name='client',
            name='service',
            field=models.ForeignKey(blank=True, help_text='As which it acts in its own name. It stops when the service is deleted.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='clients', to='authserver.serviceaccount', verbose_name='service account'),
        ),
        migrations.AddConstraint(
            model_name='client',
            constraint=models.CheckConstraint(condition=models.Q(('service', None), ('tenant__isnull', False), _connector='OR'), name='client_of_service_has_tenant'),
        ),
        migrations.AddConstraint(
            model_name='serviceaccount',
            constraint=models.UniqueConstraint(fields=('tenant', 'name'), name='service_name_unique', violation_error_message='The tenant has a service of this name already.'),
        ),
        migrations.AddConstraint(
            model_name='certificateidentity',
            constraint=models.UniqueConstraint(fields=('kind', 'value'), name='certificate_identity_unique', violation_error_message='Certificates with this name are a service already.'),
        ),
        migrations.AddIndex(
            model_name='apikey',
            index=models.Index(fields=['expires_at'], name='api_key_expires'),
        ),
        migrations.AddIndex(
            model_name='apikey',
            index=models.Index(fields=['tenant', '-created_at', 'id'], name='api_key_of_tenant'),
        ),
        migrations.AddConstraint(
            model_name='apikey',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('service', None), ('user__isnull', False)), models.Q(('service__isnull', False), ('tenant__isnull', False), ('user', None)), _connector='OR'), name='api_key_has_one_holder'),
        ),
        EnableTenantIsolation('serviceaccount'),
        EnableTenantIsolation('certificateidentity'),
        # A tenant finds all keys that work in it, and a person their own in every tenant.
        EnableTenantIsolation('apikey'),
        AddPolicies('apikey', Policy(name='own', using=f'user_id = {PERSON}')),
        migrations.RunSQL((SQL / 'services.sql').read_text()),
        migrations.RunPython(delete_in_the_database),
    ]
