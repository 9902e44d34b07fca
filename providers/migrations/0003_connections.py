"""Connections: providers that administrators set up. Each issuer belongs to the site or to one tenant."""

import uuid
from pathlib import Path

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import providers.issuer_rules
from tenancy.isolation import EnableTenantIsolation

SQL = Path(__file__).parent / '0003'
BACK = """
    DROP TRIGGER issuer_of_one_owner ON providers_upstreamissuer;
    DROP TRIGGER issuer_of_one_owner ON providers_connection;
    DROP FUNCTION issuer_has_one_owner();
    DROP FUNCTION connection_enter(text);
"""

class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0002_session_client_sid'),
        ('providers', '0002_upstream_issuers'),
    ]

    operations = [
        migrations.RunSQL((SQL / 'canonical_issuer.sql').read_text(), 'DROP FUNCTION canonical_issuer(text)'),
        migrations.CreateModel(
            name='Connection',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('slug', models.CharField(editable=False, max_length=32, unique=True, validators=[django.core.validators.RegexValidator('\\A[a-z][a-z0-9]*(-[a-z0-9]+)*\\Z', 'Small letters and digits, with single hyphens between.')], verbose_name='short name')),
                ('kind', models.CharField(choices=[('oidc', 'OpenID Connect'), ('google', 'Google'), ('microsoft', 'Microsoft'), ('github', 'GitHub'), ('keycloak', 'Keycloak')], max_length=16, verbose_name='kind')),
                ('preset', models.CharField(blank=True, max_length=32, verbose_name='service')),
                ('label', models.CharField(help_text='On the button: what people call it.', max_length=60, verbose_name='label')),
                ('issuer', models.CharField(help_text='Exactly as in its tokens, a slash at the end included; for GitHub, its address.', max_length=255, verbose_name='issuer')),
                ('client_id', models.CharField(max_length=255, verbose_name='client ID')),
                ('client_secret', models.TextField(editable=False, verbose_name='client secret')),
                ('signing_algorithms', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=10, validators=[providers.issuer_rules.check_algorithm]), default=providers.issuer_rules.usual_algorithms, help_text='By which its ID tokens are signed, one on each line, such as RS256.', size=None, verbose_name='algorithms')),
                ('sign_up', models.CharField(choices=[('open', 'everybody whom the provider knows'), ('domains', 'people with an address in these domains'), ('invitation', 'people with an invitation'), ('closed', 'nobody')], default='open', max_length=16, verbose_name='new people')),
                ('sign_up_domains', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=253, validators=[django.core.validators.MinLengthValidator(3)]), blank=True, default=list, size=None, verbose_name='domains')),
                ('is_listed', models.BooleanField(default=True, help_text="A tenant's connection is never on the page for everybody.", verbose_name='on the sign-in page')),
                ('is_active', models.BooleanField(default=False, verbose_name='active')),
                ('tested_at', models.DateTimeField(editable=False, null=True, verbose_name='tested')),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='created')),
                ('sign_up_role', models.ForeignKey(blank=True, help_text='In the tenant, of people who come through this connection for the first time.', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.role', verbose_name='their role')),
                ('tenant', models.ForeignKey(blank=True, help_text='Empty: for the whole site.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.tenant', verbose_name='tenant')),
            ],
            options={
                'verbose_name': 'connection',
                'verbose_name_plural': 'connections',
                'ordering': ('label', 'id'),
                'indexes': [models.Index(models.Func('issuer', function='public.canonical_issuer'), name='connection_issuer')],
                'constraints': [models.CheckConstraint(condition=models.Q(('is_active', False), ('tested_at__isnull', False), _connector='OR'), name='connection_active_is_tested', violation_error_message='Only a connection that passed a test sign-in can be switched on.'), models.CheckConstraint(condition=models.Q(('tenant', None), ('sign_up_role__isnull', False), _connector='OR'), name='connection_of_tenant_has_role', violation_error_message='Choose the role of people who come for the first time.')],
            },
        ),
        EnableTenantIsolation('connection'),
        migrations.RunSQL((SQL / 'connections.sql').read_text(), BACK),
    ]
