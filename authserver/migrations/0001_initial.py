import authserver.models.client
import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
import re
import uuid
from pathlib import Path

from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from tenancy.isolation import PERSON, AddPolicies, EnableTenantIsolation, Policy


SQL = Path(__file__).parent / '0001'


def delete_in_the_database(_apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Change the foreign keys after they exist: Django creates them at the end of a migration."""
    schema_editor.deferred_sql.append((SQL / 'references.sql').read_text())


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('accounts', '0002_session_client_sid'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ProfileClaim',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=50, unique=True, validators=[django.core.validators.RegexValidator(re.compile('\\A[a-z][a-z0-9_]*\\Z'), 'Small letters, digits and underscores, a letter first.')], verbose_name='name')),
                ('description', models.CharField(blank=True, max_length=200, verbose_name='description')),
                ('scope', models.CharField(default='profile', max_length=100, validators=[django.core.validators.RegexValidator('\\A[\\x21\\x23-\\x5B\\x5D-\\x7E]+\\Z', 'A scope is one word (RFC 6749, section 3.3).')], verbose_name='scope')),
                ('choices', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=200), blank=True, default=list, help_text='All that it can be, separated by commas. Empty: any text.', size=None, verbose_name='values')),
                ('is_in_access_tokens', models.BooleanField(default=True, help_text='Resource servers decide by it.', verbose_name='in access tokens')),
            ],
            options={
                'verbose_name': 'profile claim',
                'verbose_name_plural': 'profile claims',
                'ordering': ('name',),
            },
        ),
        migrations.CreateModel(
            name='RegisteredScope',
            fields=[
                ('name', models.CharField(max_length=100, primary_key=True, serialize=False, validators=[django.core.validators.RegexValidator('\\A[\\x21\\x23-\\x5B\\x5D-\\x7E]+\\Z', 'A scope is one word (RFC 6749, section 3.3).')], verbose_name='name')),
                ('description', models.CharField(blank=True, help_text='Completes “This app wants to …” on the page that asks people.', max_length=200, verbose_name='description')),
                ('is_advertised', models.BooleanField(default=False, help_text='Listed in the metadata. Some apps ask for every scope that is listed, so keep the list short.', verbose_name='advertised')),
            ],
            options={
                'verbose_name': 'scope',
                'verbose_name_plural': 'scopes',
                'ordering': ('name',),
            },
        ),
        migrations.CreateModel(
            name='RevokedToken',
            fields=[
                ('jti', models.CharField(editable=False, max_length=43, primary_key=True, serialize=False)),
                ('expires_at', models.DateTimeField(db_index=True, editable=False)),
            ],
            options={
                'verbose_name': 'revoked token',
                'verbose_name_plural': 'revoked tokens',
            },
        ),
        migrations.CreateModel(
            name='Client',
            fields=[
                ('id', models.UUIDField(default=authserver.models.client.new_client_uuid, editable=False, primary_key=True, serialize=False)),
                ('client_id', models.CharField(editable=False, max_length=500, unique=True, verbose_name='client ID')),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('is_public', models.BooleanField(default=False, help_text="It cannot keep a secret: it runs in a browser or on people's devices.", verbose_name='public')),
                ('is_first_party', models.BooleanField(default=False, help_text='People are not asked whether it may act for them.', verbose_name='our own')),
                ('is_delegated', models.BooleanField(default=False, help_text='In its own name it has at most the scopes that whoever registered it has at that moment.', verbose_name='delegated')),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('grants', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(choices=[('authorization_code', 'People sign in (authorization code)'), ('refresh_token', 'Tokens are refreshed'), ('client_credentials', 'It acts in its own name (client credentials)'), ('device_code', 'People sign in on another device (device code)')], max_length=40), default=list, size=None, verbose_name='grants')),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100, validators=[django.core.validators.RegexValidator('\\A[\\x21\\x23-\\x5B\\x5D-\\x7E]+\\Z', 'A scope is one word (RFC 6749, section 3.3).')]), blank=True, default=list, help_text='All that it may ask for.', size=None, verbose_name='scopes')),
                ('resources', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=500), blank=True, default=list, help_text='Identifiers for which it may get tokens.', size=None, verbose_name='resource servers')),
                ('redirect_uris', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=500), blank=True, default=list, size=None, verbose_name='redirect URIs')),
                ('post_logout_redirect_uris', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=500), blank=True, default=list, size=None, verbose_name='redirect URIs after signing out')),
                ('backchannel_logout_uri', models.CharField(blank=True, help_text='It is called when people sign out here (OpenID Connect Back-Channel Logout 1.0).', max_length=500, verbose_name='back-channel logout URI')),
                ('token_format', models.CharField(choices=[('jwt', 'JWT, which resource servers verify offline (RFC 9068)'), ('opaque', 'opaque, which resource servers ask us about (RFC 7662)')], default='jwt', max_length=10, verbose_name='access tokens')),
                ('refresh_policy', models.CharField(choices=[('strict', 'strict: any second use ends the grant'), ('web', 'web: a repeated request within seconds gets the same answer'), ('agent', 'agent: a lost answer is given again, a fork ends the grant')], default='web', max_length=10, verbose_name='refresh policy')),
                ('signing_algorithm', models.CharField(choices=[('RS256', 'RS256'), ('ES256', 'ES256'), ('Ed25519', 'Ed25519')], default='RS256', max_length=10, verbose_name='signing algorithm')),
                ('is_pkce_optional', models.BooleanField(default=False, help_text='For the conformance suite, in development only.', verbose_name='certification: PKCE not required')),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='registered')),
                ('not_before', models.DateTimeField(editable=False, null=True, verbose_name='nothing given before this serves any more')),
                ('created_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='registered by')),
                ('tenant', models.ForeignKey(blank=True, help_text='Empty: it belongs to the site.', null=True, on_delete=django.db.models.deletion.CASCADE, related_name='clients', to='accounts.tenant', verbose_name='tenant')),
            ],
            options={
                'verbose_name': 'app',
                'verbose_name_plural': 'apps',
                'ordering': ('name', 'id'),
            },
        ),
        migrations.CreateModel(
            name='Consent',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(editable=False, null=True, verbose_name='organization')),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), default=list, size=None, verbose_name='scopes')),
                ('resources', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=500), default=list, size=None, verbose_name='resource servers')),
                ('is_asked', models.BooleanField(default=True, help_text='Whether the person was asked; our own apps do not ask.', verbose_name='was asked')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='since')),
                ('last_used_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='last used')),
                ('withdrawn_at', models.DateTimeField(editable=False, null=True, verbose_name='withdrawn')),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='consents', to='authserver.client', verbose_name='app')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='consents', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'connected app',
                'verbose_name_plural': 'connected apps',
                'ordering': ('-created_at',),
            },
        ),
        migrations.CreateModel(
            name='AuthorizationCode',
            fields=[
                ('tenant_id', models.UUIDField(editable=False, null=True, verbose_name='organization')),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), default=list, size=None, verbose_name='scopes')),
                ('resources', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=500), default=list, size=None, verbose_name='resource servers')),
                ('claims', models.JSONField(default=dict, editable=False)),
                ('nonce', models.TextField(blank=True, editable=False)),
                ('auth_time', models.DateTimeField(editable=False, null=True)),
                ('acr', models.CharField(blank=True, editable=False, max_length=100)),
                ('amr', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), default=list, editable=False, size=None)),
                ('sid', models.CharField(blank=True, editable=False, max_length=40)),
                ('session_key', models.CharField(blank=True, editable=False, max_length=40)),
                ('not_before', models.DateTimeField(editable=False, null=True)),
                ('client_not_before', models.DateTimeField(editable=False, null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='issued')),
                ('expires_at', models.DateTimeField(editable=False, verbose_name='expires')),
                ('digest', models.CharField(editable=False, max_length=64, primary_key=True, serialize=False)),
                ('redirect_uri', models.CharField(editable=False, max_length=500)),
                ('code_challenge', models.CharField(blank=True, editable=False, max_length=43)),
                ('used_at', models.DateTimeField(editable=False, null=True)),
                ('family_id', models.UUIDField(editable=False, null=True)),
                ('user', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='user')),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='authserver.client', verbose_name='app')),
                ('consent', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='authserver.consent')),
            ],
            options={
                'verbose_name': 'authorization code',
                'verbose_name_plural': 'authorization codes',
            },
        ),
        migrations.CreateModel(
            name='DeviceCode',
            fields=[
                ('tenant_id', models.UUIDField(editable=False, null=True, verbose_name='organization')),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), default=list, size=None, verbose_name='scopes')),
                ('resources', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=500), default=list, size=None, verbose_name='resource servers')),
                ('claims', models.JSONField(default=dict, editable=False)),
                ('nonce', models.TextField(blank=True, editable=False)),
                ('auth_time', models.DateTimeField(editable=False, null=True)),
                ('acr', models.CharField(blank=True, editable=False, max_length=100)),
                ('amr', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), default=list, editable=False, size=None)),
                ('sid', models.CharField(blank=True, editable=False, max_length=40)),
                ('session_key', models.CharField(blank=True, editable=False, max_length=40)),
                ('not_before', models.DateTimeField(editable=False, null=True)),
                ('client_not_before', models.DateTimeField(editable=False, null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='issued')),
                ('expires_at', models.DateTimeField(editable=False, verbose_name='expires')),
                ('digest', models.CharField(editable=False, max_length=64, primary_key=True, serialize=False)),
                ('user_code_digest', models.CharField(editable=False, max_length=64, unique=True)),
                ('interval', models.PositiveSmallIntegerField(default=5, editable=False)),
                ('polled_at', models.DateTimeField(editable=False, null=True)),
                ('approved_at', models.DateTimeField(editable=False, null=True, verbose_name='agreed')),
                ('refused_at', models.DateTimeField(editable=False, null=True, verbose_name='refused')),
                ('used_at', models.DateTimeField(editable=False, null=True)),
                ('family_id', models.UUIDField(editable=False, null=True)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='authserver.client', verbose_name='app')),
                ('consent', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='authserver.consent')),
                ('user', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'device code',
                'verbose_name_plural': 'device codes',
            },
        ),
        migrations.CreateModel(
            name='LogoutNotice',
            fields=[
                ('attempts', models.PositiveIntegerField(db_default=0, default=0, verbose_name='attempts')),
                ('next_attempt_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), null=True, verbose_name='next attempt')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False)),
                ('leased_until', models.DateTimeField(editable=False, null=True)),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('subject', models.CharField(editable=False, max_length=36)),
                ('sid', models.CharField(editable=False, max_length=40)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='authserver.client', verbose_name='app')),
            ],
            options={
                'verbose_name': 'logout notice',
                'verbose_name_plural': 'logout notices',
            },
        ),
        migrations.CreateModel(
            name='ProfileValue',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('value', models.CharField(max_length=200, verbose_name='value')),
                ('claim', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='values', to='authserver.profileclaim', verbose_name='claim')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='profile_values', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'profile value',
                'verbose_name_plural': 'profile values',
                'ordering': ('claim', 'id'),
            },
        ),
        migrations.CreateModel(
            name='Resource',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('identifier', models.CharField(help_text='An absolute URL, the audience of its tokens.', max_length=500, unique=True, verbose_name='identifier')),
                ('name', models.CharField(max_length=100, verbose_name='name')),
                ('tenant', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, to='accounts.tenant', verbose_name='tenant')),
            ],
            options={
                'verbose_name': 'resource server',
                'verbose_name_plural': 'resource servers',
                'ordering': ('identifier',),
            },
        ),
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
        migrations.AddField(
            model_name='client',
            name='service',
            field=models.ForeignKey(blank=True, help_text='As which it acts in its own name. It stops when the service is deleted.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='clients', to='authserver.serviceaccount', verbose_name='service account'),
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
        migrations.CreateModel(
            name='TokenFamily',
            fields=[
                ('tenant_id', models.UUIDField(editable=False, null=True, verbose_name='organization')),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), default=list, size=None, verbose_name='scopes')),
                ('resources', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=500), default=list, size=None, verbose_name='resource servers')),
                ('claims', models.JSONField(default=dict, editable=False)),
                ('nonce', models.TextField(blank=True, editable=False)),
                ('auth_time', models.DateTimeField(editable=False, null=True)),
                ('acr', models.CharField(blank=True, editable=False, max_length=100)),
                ('amr', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), default=list, editable=False, size=None)),
                ('sid', models.CharField(blank=True, editable=False, max_length=40)),
                ('session_key', models.CharField(blank=True, editable=False, max_length=40)),
                ('not_before', models.DateTimeField(editable=False, null=True)),
                ('client_not_before', models.DateTimeField(editable=False, null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='issued')),
                ('expires_at', models.DateTimeField(editable=False, verbose_name='expires')),
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('is_refreshable', models.BooleanField(default=False, editable=False)),
                ('generation', models.PositiveIntegerField(default=0, editable=False, verbose_name='generation')),
                ('key_id', models.CharField(blank=True, editable=False, max_length=16)),
                ('rotated_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='last refreshed')),
                ('uses', django.contrib.postgres.fields.ArrayField(base_field=models.DateTimeField(), default=list, editable=False, size=None)),
                ('seen_ip', models.GenericIPAddressField(editable=False, null=True, verbose_name='IP address')),
                ('seen_user_agent', models.CharField(blank=True, editable=False, max_length=400, verbose_name='program')),
                ('repeats', models.PositiveIntegerField(db_default=0, default=0, editable=False, verbose_name='repeated answers')),
                ('repeat_networks', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=50), default=list, editable=False, size=None)),
                ('revoked_at', models.DateTimeField(editable=False, null=True, verbose_name='revoked')),
                ('revoked_reason', models.CharField(blank=True, editable=False, max_length=40, verbose_name='reason')),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='authserver.client', verbose_name='app')),
                ('consent', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='authserver.consent')),
                ('user', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='user')),
            ],
            options={
                'verbose_name': 'token family',
                'verbose_name_plural': 'token families',
            },
        ),
        migrations.CreateModel(
            name='AccessToken',
            fields=[
                ('digest', models.CharField(editable=False, max_length=64, primary_key=True, serialize=False)),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), default=list, size=None, verbose_name='scopes')),
                ('resources', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=500), default=list, size=None, verbose_name='resource servers')),
                ('client_not_before', models.DateTimeField(editable=False, null=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False, verbose_name='issued')),
                ('expires_at', models.DateTimeField(editable=False, verbose_name='expires')),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='authserver.client', verbose_name='app')),
                ('family', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='access_tokens', to='authserver.tokenfamily')),
            ],
            options={
                'verbose_name': 'access token',
                'verbose_name_plural': 'access tokens',
            },
        ),
        migrations.CreateModel(
            name='TokenSigningKey',
            fields=[
                ('kid', models.CharField(editable=False, max_length=43, primary_key=True, serialize=False, verbose_name='key ID')),
                ('algorithm', models.CharField(choices=[('RS256', 'RS256'), ('ES256', 'ES256'), ('Ed25519', 'Ed25519')], editable=False, max_length=10, verbose_name='algorithm')),
                ('private_key', models.TextField(editable=False)),
                ('public_jwk', models.JSONField(editable=False, verbose_name='public key')),
                ('created_at', models.DateTimeField(editable=False, verbose_name='published')),
                ('active_at', models.DateTimeField(editable=False, verbose_name='signs from')),
                ('removed_at', models.DateTimeField(editable=False, null=True, verbose_name='removed')),
                ('is_withdrawn', models.BooleanField(default=False, editable=False, verbose_name='withdrawn')),
            ],
            options={
                'verbose_name': 'signing key',
                'verbose_name_plural': 'signing keys',
                'ordering': ('algorithm', '-active_at', 'kid'),
                'indexes': [models.Index(fields=['removed_at'], name='signing_key_removed')],
            },
        ),
        migrations.CreateModel(
            name='ClientSecret',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('digest', models.CharField(editable=False, max_length=100)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='created')),
                ('expires_at', models.DateTimeField(editable=False, null=True, verbose_name='expires')),
                ('last_used_at', models.DateTimeField(editable=False, null=True, verbose_name='last used')),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='secrets', to='authserver.client', verbose_name='app')),
            ],
            options={
                'verbose_name': 'secret',
                'verbose_name_plural': 'secrets',
                'ordering': ('-created_at',),
                'indexes': [models.Index(condition=models.Q(('expires_at__isnull', False)), fields=['expires_at'], name='client_secret_expires')],
            },
        ),
        migrations.AddConstraint(
            model_name='consent',
            constraint=models.UniqueConstraint(condition=models.Q(('withdrawn_at', None)), fields=('user', 'client', 'tenant_id'), name='consent_once', nulls_distinct=False),
        ),
        migrations.AddIndex(
            model_name='authorizationcode',
            index=models.Index(fields=['expires_at'], name='authorization_code_expires'),
        ),
        migrations.AddIndex(
            model_name='devicecode',
            index=models.Index(fields=['expires_at'], name='device_code_expires'),
        ),
        migrations.AddIndex(
            model_name='logoutnotice',
            index=models.Index(fields=['next_attempt_at'], name='logout_notice_due'),
        ),
        migrations.AddConstraint(
            model_name='profilevalue',
            constraint=models.UniqueConstraint(fields=('user', 'claim'), name='profile_value_once', violation_error_message='This person has a value for this claim already.'),
        ),
        migrations.AddConstraint(
            model_name='serviceaccount',
            constraint=models.UniqueConstraint(fields=('tenant', 'name'), name='service_name_unique', violation_error_message='The tenant has a service of this name already.'),
        ),
        migrations.AddIndex(
            model_name='client',
            index=models.Index(fields=['tenant', 'name', 'id'], name='client_of_tenant'),
        ),
        migrations.AddConstraint(
            model_name='client',
            constraint=models.CheckConstraint(condition=models.Q(('service', None), ('tenant__isnull', False), _connector='OR'), name='client_of_service_has_tenant'),
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
        migrations.AddIndex(
            model_name='tokenfamily',
            index=models.Index(fields=['expires_at'], name='token_family_expires'),
        ),
        migrations.AddIndex(
            model_name='tokenfamily',
            index=models.Index(condition=models.Q(('revoked_at', None)), fields=['user'], name='token_family_of_user'),
        ),
        migrations.AddIndex(
            model_name='tokenfamily',
            index=models.Index(condition=models.Q(('revoked_at', None)), fields=['consent'], name='token_family_of_consent'),
        ),
        migrations.AddIndex(
            model_name='tokenfamily',
            index=models.Index(condition=models.Q(('sid', ''), _negated=True), fields=['sid'], name='token_family_of_sid'),
        ),
        migrations.AddIndex(
            model_name='accesstoken',
            index=models.Index(fields=['expires_at'], name='access_token_expires'),
        ),
        EnableTenantIsolation('client'),
        EnableTenantIsolation('resource'),
        EnableTenantIsolation('serviceaccount'),
        EnableTenantIsolation('certificateidentity'),
        # A tenant finds all keys that work in it, and a person their own in every tenant.
        EnableTenantIsolation('apikey'),
        AddPolicies('apikey', Policy(name='own', using=f'user_id = {PERSON}')),
        migrations.RunSQL((SQL / 'clients.sql').read_text()),
        migrations.RunSQL((SQL / 'services.sql').read_text()),
        migrations.RunPython(delete_in_the_database),
    ]
